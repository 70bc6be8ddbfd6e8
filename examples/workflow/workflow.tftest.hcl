mock_provider "google" {}

run "the_workflow_is_told_of_the_pipeline" {
  command = plan

  variables {
    dataform_repository = "projects/my-project/locations/us-central1/repositories/marts"
    pipeline_id         = 702
    project_id          = "my-project"
    region              = "us-central1"
  }

  assert {
    condition     = google_workflows_workflow.after_pipeline.user_env_vars["PIPELINE_ID"] == "702"
    error_message = "The attributes of an event are text."
  }
  assert {
    condition     = yamldecode(google_workflows_workflow.after_pipeline.source_contents).main.params == ["event"]
    error_message = "Eventarc gives a workflow its event."
  }
  assert {
    condition = alltrue([for step in flatten([
      for step in yamldecode(google_workflows_workflow.after_pipeline.source_contents).main.steps : [
        for name, body in step : [for next in compact([try(body.next, ""), try(body.switch[0].next, "")]) : next]
      ]
      ]) : contains(flatten([
        for step in yamldecode(google_workflows_workflow.after_pipeline.source_contents).main.steps : keys(step)
    ]), step)])
    error_message = "Every next step must be there."
  }
}

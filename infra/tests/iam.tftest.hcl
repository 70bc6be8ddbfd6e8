# Who may do what. Nothing here is public.

mock_provider "archive" {}
mock_provider "time" {}
mock_provider "google" {
  source = "./tests/mocks"
}

override_resource {
  target = google_service_account.runtime
  values = {
    email  = "runtime@my-project.iam.gserviceaccount.com"
    member = "serviceAccount:runtime@my-project.iam.gserviceaccount.com"
  }
}
override_resource {
  target = google_service_account.build
  values = {
    email  = "build@my-project.iam.gserviceaccount.com"
    member = "serviceAccount:build@my-project.iam.gserviceaccount.com"
  }
}
override_resource {
  target = google_service_account.scheduler
  values = {
    email  = "scheduler@my-project.iam.gserviceaccount.com"
    member = "serviceAccount:scheduler@my-project.iam.gserviceaccount.com"
  }
}

variables {
  project_id = "my-project"
  region     = "southamerica-east1"
  # A test that applies must set ephemeral variables, which `terraform apply` need not.
  kondado_api_key = ""
  kondado_token   = ""
  invokers        = ["user:ana@example.com", "group:data@example.com"]
}

run "the_function_may_read_and_append_not_create_alter_or_drop" {
  command = apply

  assert {
    condition = toset(google_project_iam_custom_role.appender.permissions) == toset([
      "bigquery.datasets.get",
      "bigquery.tables.get",
      "bigquery.tables.getData",
      "bigquery.tables.list",
      "bigquery.tables.updateData",
    ])
    error_message = "The role on the dataset must have these five permissions."
  }
  assert {
    condition = (
      google_bigquery_dataset_iam_member.runtime.member == "serviceAccount:runtime@my-project.iam.gserviceaccount.com" &&
      google_bigquery_dataset_iam_member.runtime.role == google_project_iam_custom_role.appender.id &&
      google_bigquery_dataset_iam_member.runtime.dataset_id == "kondado"
    )
    error_message = "The runtime account must have that role on the dataset."
  }
  assert {
    condition = (
      google_project_iam_member.runtime_jobs.role == "roles/bigquery.jobUser" &&
      google_project_iam_member.runtime_jobs.member == "serviceAccount:runtime@my-project.iam.gserviceaccount.com"
    )
    error_message = "The runtime account must be able to run queries."
  }
  assert {
    condition = length(google_secret_manager_secret_iam_member.runtime) == 2 && alltrue([
      for grant in google_secret_manager_secret_iam_member.runtime :
      grant.role == "roles/secretmanager.secretAccessor" &&
      grant.member == "serviceAccount:runtime@my-project.iam.gserviceaccount.com"
    ])
    error_message = "The runtime account must read the two secrets."
  }
}

run "the_build_has_its_three_roles" {
  command = plan

  assert {
    condition = {
      for grant in [
        google_artifact_registry_repository_iam_member.build,
        google_project_iam_member.build_logs,
        google_project_iam_member.build_source,
      ] : grant.role => grant.member
      } == {
      "roles/artifactregistry.writer" = "serviceAccount:build@my-project.iam.gserviceaccount.com"
      "roles/logging.logWriter"       = "serviceAccount:build@my-project.iam.gserviceaccount.com"
      "roles/storage.objectViewer"    = "serviceAccount:build@my-project.iam.gserviceaccount.com"
    }
    error_message = "The build account must have its three roles, and nobody else."
  }
  assert {
    condition = (
      google_project_iam_member.build_source.condition[0].expression ==
      "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-\")"
    )
    error_message = "The build account must read the source of functions, not every bucket of the project."
  }
}

run "only_the_schedule_and_the_invokers_may_call_the_service" {
  command = plan

  assert {
    condition = (
      google_cloud_run_v2_service_iam_member.scheduler.role == "roles/run.invoker" &&
      google_cloud_run_v2_service_iam_member.scheduler.member == "serviceAccount:scheduler@my-project.iam.gserviceaccount.com" &&
      google_cloud_run_v2_service_iam_member.scheduler.name == "kondado-log-sync"
    )
    error_message = "The account of the schedule must be able to invoke the service, on the service."
  }
  assert {
    condition = var.invokers == toset([
      for grant in google_cloud_run_v2_service_iam_member.invokers : grant.member if grant.role == "roles/run.invoker"
    ])
    error_message = "Exactly the invokers must be able to invoke the service."
  }
  assert {
    condition = toset(["roles/run.invoker", "roles/run.viewer"]) == toset([
      for grant in google_cloud_run_v2_service_iam_member.invokers : grant.role
    ])
    error_message = "The invokers must have no other roles."
  }
}

run "nobody_is_an_invoker_by_default" {
  command = plan

  variables {
    invokers = []
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.invokers) == 0
    error_message = "Without invokers there must be no grants to people."
  }
}

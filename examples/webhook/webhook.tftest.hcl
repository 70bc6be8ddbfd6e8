mock_provider "google" {}

run "executions_are_posted_as_cloud_events" {
  command = plan

  variables {
    project_id  = "my-project"
    webhook_url = "https://hooks.example.com/kondado"
  }

  assert {
    condition     = google_pubsub_subscription.webhook.push_config[0].no_wrapper[0].write_metadata
    error_message = "The attributes must become headers."
  }
  assert {
    condition     = google_pubsub_subscription.webhook.push_config[0].oidc_token[0].audience == var.webhook_url
    error_message = "The token must be for the webhook alone."
  }
}

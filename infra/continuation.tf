locals {
  # Written out: the function needs the name of the queue, and the queue the address of the function.
  continuation_queue = "projects/${var.project_id}/locations/${var.region}/queues/${var.name}"
}

# Continues what a run has left, instead of waiting for the schedule. The queue knows whom to call and as whom, so that a
# task can neither call anybody else nor hand out a token.
resource "google_cloud_tasks_queue" "continuation" {
  count      = var.enable_continuation ? 1 : 0
  depends_on = [time_sleep.services, google_cloud_run_v2_service_iam_member.scheduler]

  project  = var.project_id
  location = var.region
  name     = var.name

  http_target {
    http_method = "POST"

    uri_override {
      scheme                    = "HTTPS"
      host                      = trimprefix(google_cloudfunctions2_function.sync.service_config[0].uri, "https://")
      uri_override_enforce_mode = "ALWAYS"
    }

    oidc_token {
      service_account_email = google_service_account.scheduler.email
      audience              = google_cloudfunctions2_function.sync.service_config[0].uri
    }
  }

  rate_limits {
    max_concurrent_dispatches = 1 # the function would refuse a second run
    max_dispatches_per_second = 1
  }

  # Longer in all than a run of the schedule, during which the function answers 409.
  retry_config {
    max_attempts  = 8
    min_backoff   = "60s"
    max_backoff   = "600s"
    max_doublings = 4
  }
}

resource "google_cloud_tasks_queue_iam_member" "runtime" {
  count = var.enable_continuation ? 1 : 0

  project  = var.project_id
  location = var.region
  name     = google_cloud_tasks_queue.continuation[0].name
  role     = "roles/cloudtasks.enqueuer"
  member   = google_service_account.runtime.member
}

# Who makes tasks that act as an account must be allowed to use it. This one can do nothing but start the function.
resource "google_service_account_iam_member" "runtime" {
  count = var.enable_continuation ? 1 : 0

  service_account_id = google_service_account.scheduler.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.runtime.member
}

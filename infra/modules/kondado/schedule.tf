resource "google_service_account" "scheduler" {
  depends_on = [time_sleep.services]

  project      = var.project_id
  account_id   = "${var.name}-sched"
  display_name = "Starts the function ${var.name} on schedule"
}

resource "google_cloud_run_v2_service_iam_member" "scheduler" {
  project  = var.project_id
  location = var.region
  name     = google_cloudfunctions2_function.sync.name
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member

  lifecycle {
    replace_triggered_by = [google_cloudfunctions2_function.sync.id]
  }
}

resource "google_cloud_scheduler_job" "sync" {
  depends_on = [google_cloud_run_v2_service_iam_member.scheduler]

  project     = var.project_id
  region      = var.region
  name        = var.name
  description = "Copies new Kondado logs into BigQuery."
  schedule    = var.schedule
  time_zone   = var.schedule_time_zone
  paused      = var.schedule_paused
  # The default of 3 minutes would start a second attempt while the first is still running.
  attempt_deadline = "${local.attempt_deadline_seconds}s"

  http_target {
    uri         = google_cloudfunctions2_function.sync.service_config[0].uri
    http_method = "POST"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode("{}")

    oidc_token {
      service_account_email = google_service_account.scheduler.email
      audience              = google_cloudfunctions2_function.sync.service_config[0].uri
    }
  }

  # Runs catch up by themselves, so a few retries bridge a short failure and the next hour does the rest.
  retry_config {
    retry_count          = 2
    min_backoff_duration = "120s"
    max_backoff_duration = "600s"
    max_doublings        = 2
  }
}

# Reads history again, repairs it, and goes on the next night where the time budget has ended it.
resource "google_cloud_scheduler_job" "verify" {
  count      = var.verify_schedule == null ? 0 : 1
  depends_on = [google_cloud_run_v2_service_iam_member.scheduler]

  project          = var.project_id
  region           = var.region
  name             = "${var.name}-verify"
  description      = "Compares the last seven days of Kondado logs with BigQuery, and repairs."
  schedule         = var.verify_schedule
  time_zone        = var.schedule_time_zone
  paused           = var.schedule_paused
  attempt_deadline = "${local.attempt_deadline_seconds}s"

  http_target {
    uri         = google_cloudfunctions2_function.sync.service_config[0].uri
    http_method = "POST"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode(jsonencode({ verify = true }))

    oidc_token {
      service_account_email = google_service_account.scheduler.email
      audience              = google_cloudfunctions2_function.sync.service_config[0].uri
    }
  }

  # A run that is still going on comes first; it ends within half an hour.
  retry_config {
    retry_count          = 2
    min_backoff_duration = "900s"
    max_backoff_duration = "1800s"
    max_doublings        = 1
  }
}

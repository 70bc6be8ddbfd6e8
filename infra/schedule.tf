locals {
  schedules = { for key, job in {
    sync = {
      name        = var.name
      description = "Copies new Kondado logs into BigQuery."
      schedule    = var.schedule
      body        = jsonencode({})
      # Runs catch up by themselves, so a few retries bridge a short failure and the next hour does the rest.
      retry = { min_backoff = "120s", max_backoff = "600s", max_doublings = 2 }
    }
    # Reads history again, repairs it, and continues the next night where the time budget ended it.
    verify = {
      name        = "${var.name}-verify"
      description = "Compares the last seven days of Kondado logs with BigQuery, and repairs."
      schedule    = var.verify_schedule
      body        = jsonencode({ verify = true })
      # A run that is still under way comes first; it ends within half an hour.
      retry = { min_backoff = "900s", max_backoff = "1800s", max_doublings = 1 }
    }
  } : key => job if job.schedule != null }
}

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

resource "google_cloud_scheduler_job" "schedules" {
  for_each   = local.schedules
  depends_on = [google_cloud_run_v2_service_iam_member.scheduler]

  project     = var.project_id
  region      = var.region
  name        = each.value.name
  description = each.value.description
  schedule    = each.value.schedule
  time_zone   = var.schedule_time_zone
  paused      = var.schedule_paused
  # The default of 3 minutes would start a second attempt while the first is still running.
  attempt_deadline = "${local.attempt_deadline_seconds}s"

  http_target {
    uri         = google_cloudfunctions2_function.sync.service_config[0].uri
    http_method = "POST"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode(each.value.body)

    oidc_token {
      service_account_email = google_service_account.scheduler.email
      audience              = google_cloudfunctions2_function.sync.service_config[0].uri
    }
  }

  retry_config {
    retry_count          = 2
    min_backoff_duration = each.value.retry.min_backoff
    max_backoff_duration = each.value.retry.max_backoff
    max_doublings        = each.value.retry.max_doublings
  }
}

# Watching: it must work in the first apply, and also tell when nothing ever ran.

mock_provider "archive" {}
mock_provider "time" {}
mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project_id = "my-project"
  region     = "southamerica-east1"
  # A test that applies must set ephemeral variables, which `terraform apply` need not.
  kondado_api_key = ""
  kondado_token   = ""
}

run "log_lines_raise_alerts_each_alone_in_its_policy" {
  command = apply

  variables {
    alert_emails = ["ana@example.com", "rui@example.com"]
  }

  assert {
    condition     = keys(google_monitoring_alert_policy.logs) == ["failed", "loss", "overdue", "plan", "rejected", "repaired", "scheduler"]
    error_message = "There must be an alert about each of these."
  }
  assert {
    condition = alltrue([for policy in google_monitoring_alert_policy.logs :
      length(policy.conditions) == 1 && length(policy.conditions[0].condition_matched_log) == 1 &&
      policy.alert_strategy[0].notification_rate_limit[0].period != ""
    ])
    error_message = "A condition that matches logs must be alone, with a rate limit: others are refused, or wait for a metric."
  }
  assert {
    condition = alltrue([for policy in concat(values(google_monitoring_alert_policy.logs), google_monitoring_alert_policy.silence) :
      length(policy.notification_channels) == 2
    ])
    error_message = "Every alert must reach every address."
  }
  assert {
    condition = strcontains(
      google_monitoring_alert_policy.logs["failed"].conditions[0].condition_matched_log[0].filter,
      "jsonPayload.event=\"sync_finished\" AND jsonPayload.outcome=\"failed\"",
    )
    error_message = "A failed run must be recognised by its last log line."
  }
  assert {
    condition = strcontains(
      google_monitoring_alert_policy.logs["plan"].conditions[0].condition_matched_log[0].filter,
      "jsonPayload.used_percent>=80 OR jsonPayload.limit_date=~",
    )
    error_message = "The plan's alert must look at the used share and at the limit date."
  }
  assert {
    condition = strcontains(
      google_monitoring_alert_policy.logs["overdue"].conditions[0].condition_matched_log[0].filter,
      "jsonPayload.event=\"pipeline_overdue\"",
    )
    error_message = "An overdue pipeline must be recognised by its log line."
  }
  assert {
    condition = alltrue([for policy in google_monitoring_alert_policy.logs :
      toset([for label in regexall("\\$\\{log\\.extracted_label\\.(\\w+)\\}", policy.documentation[0].content) : label[0]]) ==
      toset(keys(policy.conditions[0].condition_matched_log[0].label_extractors))
    ])
    error_message = "What is extracted from the log line must stand in the mail, and nothing else can."
  }
}

run "silence_is_noticed_even_before_the_first_run" {
  command = plan

  assert {
    condition = google_monitoring_alert_policy.silence[0].conditions[0].condition_prometheus_query_language[0].query == join("", [
      "(sum(increase(logging_googleapis_com:user_kondado_log_sync_runs",
      "{monitored_resource=\"cloud_run_revision\",outcome=~\"success|partial\",mode=\"incremental\"}",
      "[3h])) or vector(0)) < 0.5",
    ])
    error_message = "No data must count as no run."
  }
  assert {
    condition = (
      google_monitoring_alert_policy.silence[0].conditions[0].condition_prometheus_query_language[0].disable_metric_validation &&
      length(google_monitoring_alert_policy.silence[0].conditions[0].condition_absent) == 0
    )
    error_message = "The metric does not exist before the first run: validation would fail the first apply."
  }
  assert {
    condition = (
      google_logging_metric.runs.name == "kondado_log_sync_runs" &&
      strcontains(google_logging_metric.runs.filter, "jsonPayload.event=\"sync_finished\"") &&
      google_logging_metric.runs.label_extractors["outcome"] == "EXTRACT(jsonPayload.outcome)"
    )
    error_message = "The metric must count the ends of runs by outcome, under the name that the alert asks for."
  }
  assert {
    condition = google_monitoring_alert_policy.silence[0].enabled && (
      toset([for label in google_logging_metric.runs.metric_descriptor[0].labels : label.key]) ==
      toset(keys(google_logging_metric.runs.label_extractors))
    )
    error_message = "The alert must be on, and every extracted label be declared."
  }
}

run "a_paused_schedule_is_not_silence" {
  command = plan

  variables {
    schedule_paused = true
  }

  assert {
    condition     = google_cloud_scheduler_job.schedules["sync"].paused && google_monitoring_alert_policy.silence[0].enabled == false
    error_message = "Pausing the schedule must pause the alert about silence too."
  }
}

run "the_alert_about_silence_can_be_left_out" {
  command = plan

  variables {
    alert_silence_hours = 0
    log_level           = "warn"
  }

  assert {
    condition     = length(google_monitoring_alert_policy.silence) == 0
    error_message = "0 hours must mean no alert."
  }
}

run "the_dashboard_is_valid_JSON_that_names_this_function" {
  command = plan

  assert {
    condition = (
      length(jsondecode(google_monitoring_dashboard.kondado.dashboard_json).mosaicLayout.tiles) == 3 &&
      strcontains(google_monitoring_dashboard.kondado.dashboard_json, "user_kondado_log_sync_runs")
    )
    error_message = "The dashboard must show the runs."
  }
}

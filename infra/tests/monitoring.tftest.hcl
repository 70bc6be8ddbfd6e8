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
    alert_emails          = ["ana@example.com", "rui@example.com"]
    notification_channels = ["projects/my-project/notificationChannels/1234"]
  }

  assert {
    condition     = keys(google_monitoring_alert_policy.logs) == ["back", "failed", "loss", "overdue", "plan", "rejected", "repaired", "scheduler"]
    error_message = "There must be an alert about each of these."
  }
  assert {
    condition = alltrue([for policy in google_monitoring_alert_policy.logs :
      length(policy.conditions) == 1 && length(policy.conditions[0].condition_matched_log) == 1 &&
      policy.alert_strategy[0].notification_rate_limit[0].period == "86400s"
    ])
    error_message = "A condition that matches logs must be alone, and mail once a day: others are refused, or an outage mails every hour."
  }
  assert {
    condition = alltrue([for policy in concat(values(google_monitoring_alert_policy.logs), google_monitoring_alert_policy.silence) :
      toset(policy.notification_channels) == toset(concat(
        [for channel in google_monitoring_notification_channel.emails : channel.id],
        ["projects/my-project/notificationChannels/1234"],
      ))
    ])
    error_message = "Every alert must reach every address and every other channel."
  }
  assert {
    condition     = alltrue([for channel in google_monitoring_notification_channel.emails : channel.force_delete])
    error_message = "An address must be able to leave the list although alerts still name its channel."
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
      "jsonPayload.event=\"plan_usage\" AND jsonPayload.limit_date=~",
    )
    error_message = "The plan's alert must look at the limit date, and not at the used share unless asked."
  }
  assert {
    condition = strcontains(
      google_monitoring_alert_policy.logs["overdue"].conditions[0].condition_matched_log[0].filter,
      "jsonPayload.event=(\"pipeline_overdue\" OR \"pipeline_failing\")",
    )
    error_message = "An overdue pipeline must be recognised by its log line."
  }
  assert {
    condition = alltrue([for policy in google_monitoring_alert_policy.logs :
      toset([for label in regexall(
        "\\$\\{log\\.extracted_label\\.(\\w+)\\}",
        "${policy.documentation[0].subject} ${policy.documentation[0].content}",
      ) : label[0]]) ==
      toset(keys(policy.conditions[0].condition_matched_log[0].label_extractors))
    ])
    error_message = "What is extracted from the log line must stand in the mail, and nothing else can."
  }
  assert {
    condition = alltrue([for policy in concat(values(google_monitoring_alert_policy.logs), google_monitoring_alert_policy.silence) :
      startswith(policy.documentation[0].subject, "kondado-log-sync: ") && length(policy.documentation[0].subject) < 200 &&
      strcontains(policy.documentation[0].content, "gcloud run services proxy kondado-log-sync ") &&
      strcontains(policy.documentation[0].links[0].url, "/kondado-log-sync/observability/logs?project=my-project")
    ])
    error_message = "Every mail must have the fact as its subject, the command of the page, and a link to the logs."
  }
  assert {
    condition = strcontains(
      google_monitoring_alert_policy.logs["overdue"].documentation[0].subject, "$${log.extracted_label.pipeline_name}"
      ) && strcontains(
      google_monitoring_alert_policy.logs["overdue"].documentation[0].content, "$${log.extracted_label.link}"
    )
    error_message = "A mail about a pipeline must name it in its subject and link to it in Kondado."
  }
  assert {
    condition = strcontains(
      google_monitoring_alert_policy.logs["back"].conditions[0].condition_matched_log[0].filter, "jsonPayload.event=\"pipeline_back\""
    ) && contains(google_monitoring_alert_policy.silence[0].alert_strategy[0].notification_prompts, "CLOSED")
    error_message = "Recovery must be told, of pipelines and of the copy."
  }
  assert {
    condition     = join(",", keys(google_monitoring_alert_policy.logs["failed"].conditions[0].condition_matched_log[0].label_extractors)) == "error_code"
    error_message = "One mail a day for each error: with the mode, or a text that changes, an outage would mail more often."
  }
}

run "a_share_of_the_plan_alerts_only_if_asked" {
  command = plan

  variables {
    alert_plan_percent = 80
  }

  assert {
    condition = strcontains(
      google_monitoring_alert_policy.logs["plan_share"].conditions[0].condition_matched_log[0].filter,
      "jsonPayload.event=\"plan_usage\" AND jsonPayload.used_percent>=80",
    )
    error_message = "The alert must look at the used share."
  }
}

run "mails_are_in_the_language_that_was_asked_for" {
  command = plan

  variables {
    language = "pt-BR"
  }

  assert {
    condition = (
      google_monitoring_alert_policy.logs["overdue"].documentation[0].subject ==
      "kondado-log-sync: $${log.extracted_label.pipeline_name}$${log.extracted_label.model_name} está atrasado ou falhando" &&
      google_monitoring_alert_policy.silence[0].display_name == "kondado-log-sync: nenhum progresso há 3 horas"
    )
    error_message = "Subjects and names must be in Portuguese."
  }
  assert {
    condition = alltrue([for key, alert in local.alert_texts.en : try(
      toset(regexall("extracted_label\\.\\w+", "${alert.subject} ${alert.text}")) ==
      toset(regexall("extracted_label\\.\\w+", "${local.alert_texts["pt-BR"][key].subject} ${local.alert_texts["pt-BR"][key].text}")),
      !can(alert.text) && can(local.alert_texts["pt-BR"][key]),
    )])
    error_message = "Both languages must say the same."
  }
}

run "silence_is_noticed_even_before_the_first_run" {
  command = plan

  assert {
    condition = google_monitoring_alert_policy.silence[0].conditions[0].condition_prometheus_query_language[0].query == join("", [
      "(sum(increase(logging_googleapis_com:user_kondado_log_sync_runs",
      "{monitored_resource=\"cloud_run_revision\",progressed=\"true\",mode=\"incremental\"}",
      "[3h])) or vector(0)) < 0.5",
    ])
    error_message = "Runs that neither succeeded nor progressed must not count, and no data must count as none."
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
      google_logging_metric.runs.label_extractors["progressed"] == "EXTRACT(jsonPayload.progressed)"
    )
    error_message = "The metric must count the ends of runs by whether they progressed, under the name that the alert asks for."
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

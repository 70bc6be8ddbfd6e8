# Every bad value is refused by its own variable. Many in one run, because each run takes a second.

mock_provider "archive" {}
mock_provider "time" {}
mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  project_id = "my-project"
  region     = "southamerica-east1"
}

run "bad_values_are_refused_by_their_variable" {
  command = plan

  variables {
    project_id                = "123456"
    region                    = "southamerica-east1-a"
    alert_emails              = ["ana"]
    alert_plan_percent        = 0
    alert_silence_hours       = -1
    bigquery_timeout_seconds  = 0
    billing_time_zone         = "-03:00"
    client_ids                = ["12a"]
    credentials_version       = -1
    dataset_id                = "kondado-logs"
    dataset_location          = "southamerica_east1"
    events                    = { retention_days = 40 }
    initial_element_id        = -1
    invokers                  = ["allUsers"]
    kms_keys                  = { dataset = "my-key" }
    kondado_api               = { base_url = "https://k2.kondado.com.br/?key=1" }
    labels                    = { Team = "data" }
    language                  = "pt"
    muted_models              = ["all"]
    muted_pipelines           = ["orders"]
    notification_channels     = ["slack"]
    lookback_minutes          = -1
    memory                    = "100Mi"
    name                      = "Kondado Log Sync"
    partition_expiration_days = 30
    plan_active_pipelines     = 0
    plan_records_per_month    = 1.5
    runtime                   = "nodejs22"
    schedule                  = "hourly"
    schedule_time_zone        = "+01:00"
    status_requests_per_run   = -1
    streams                   = []
    time_budget_seconds       = 1700
    verify_schedule           = "nightly"
    vpc                       = { network = "", subnetwork = "sub" }
  }

  expect_failures = [
    var.project_id,
    var.region,
    var.alert_emails,
    var.alert_plan_percent,
    var.alert_silence_hours,
    var.bigquery_timeout_seconds,
    var.billing_time_zone,
    var.client_ids,
    var.credentials_version,
    var.dataset_id,
    var.dataset_location,
    var.events,
    var.initial_element_id,
    var.invokers,
    var.kms_keys,
    var.kondado_api,
    var.labels,
    var.language,
    var.muted_models,
    var.muted_pipelines,
    var.notification_channels,
    var.lookback_minutes,
    var.memory,
    var.name,
    var.partition_expiration_days,
    var.plan_active_pipelines,
    var.plan_records_per_month,
    var.runtime,
    var.schedule,
    var.schedule_time_zone,
    var.status_requests_per_run,
    var.streams,
    var.time_budget_seconds,
    var.verify_schedule,
    var.vpc,
  ]
}

run "other_bad_values_too" {
  command = plan

  variables {
    log_level           = "verbose"
    alert_silence_hours = 0                   # else another validation would refuse it
    billing_time_zone   = "PST"               # JavaScript and DuckDB know it, BigQuery does not
    schedule_time_zone  = "america/sao_paulo" # BigQuery wants it spelt as in the database
    project_id          = "My Project"
    region              = "US"
    alert_plan_percent  = 101
    credentials_version = 1.5
    invokers            = ["allAuthenticatedUsers"]
    kondado_api         = { model_logs_path = "a b" }
    name                = "a-name-longer-than-the-accounts-allow"
    runtime             = "python313"
    streams             = ["users"]
    time_budget_seconds = 59
  }

  expect_failures = [
    var.billing_time_zone,
    var.schedule_time_zone,
    var.log_level,
    var.project_id,
    var.region,
    var.alert_plan_percent,
    var.credentials_version,
    var.invokers,
    var.kondado_api,
    var.name,
    var.runtime,
    var.streams,
    var.time_budget_seconds,
  ]
}

run "and_the_rest" {
  command = plan

  variables {
    alert_silence_hours = 25
    invokers            = ["ana@example.com"]
    kondado_api         = { requests_per_minute = 0 }
  }

  expect_failures = [
    var.alert_silence_hours,
    var.invokers,
    var.kondado_api,
  ]
}

run "a_status_path_names_the_id_once" {
  command = plan

  variables {
    kondado_api = { pipeline_status_path = "pipelines/status" }
  }

  expect_failures = [var.kondado_api]
}

run "names_of_time_zones_are_accepted" {
  command = plan

  variables {
    billing_time_zone  = "UTC"
    schedule_time_zone = "America/Argentina/Buenos_Aires"
  }

  assert {
    condition = (
      local.environment.BILLING_TIME_ZONE == "UTC" &&
      google_cloud_scheduler_job.schedules["sync"].time_zone == "America/Argentina/Buenos_Aires"
    )
    error_message = "Every name of the database must be accepted."
  }
}

run "what_depends_on_another_variable_is_refused_too" {
  command = plan

  variables {
    credentials_version = 1
    # not without alert_silence_hours = 0
    log_level       = "warn"
    kondado_api_key = "  "
  }

  expect_failures = [var.kondado_api_key, var.kondado_token, var.log_level]
}

# The function, its archive and its schedule.

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

run "one_instance_and_the_order_budget_time_out_deadline" {
  command = apply

  assert {
    condition = (
      google_cloudfunctions2_function.sync.service_config[0].max_instance_count == 1 &&
      google_cloudfunctions2_function.sync.service_config[0].min_instance_count == 0
    )
    error_message = "At most one instance: the rate limit is kept per process."
  }
  assert {
    condition = (
      google_cloudfunctions2_function.sync.service_config[0].max_instance_request_concurrency > 1 &&
      google_cloudfunctions2_function.sync.service_config[0].max_instance_request_concurrency <= 10
    )
    error_message = "A little concurrency, so that a second caller is answered during a run."
  }
  assert {
    condition = (
      tonumber(google_cloudfunctions2_function.sync.service_config[0].environment_variables["TIME_BUDGET_SECONDS"]) <
      google_cloudfunctions2_function.sync.service_config[0].timeout_seconds &&
      google_cloudfunctions2_function.sync.service_config[0].timeout_seconds <
      tonumber(trimsuffix(google_cloud_scheduler_job.schedules["sync"].attempt_deadline, "s")) &&
      tonumber(trimsuffix(google_cloud_scheduler_job.schedules["sync"].attempt_deadline, "s")) <= 1800
    )
    error_message = "Time budget < time-out of the function < attempt deadline of the schedule <= 1800 s."
  }
  assert {
    condition = (
      google_cloudfunctions2_function.sync.build_config[0].runtime == "nodejs24" &&
      google_cloudfunctions2_function.sync.build_config[0].entry_point == "sync" &&
      google_cloudfunctions2_function.sync.service_config[0].available_memory == "512Mi"
    )
    error_message = "Node 24, entry point sync, 512 MiB."
  }
  assert {
    condition     = google_cloudfunctions2_function.sync.build_config[0].environment_variables == tomap({ NPM_CONFIG_IGNORE_SCRIPTS = "true" })
    error_message = "The build must not run the install scripts of packages."
  }
  assert {
    condition = (
      google_cloudfunctions2_function.sync.build_config[0].service_account == google_service_account.build.id &&
      google_cloudfunctions2_function.sync.service_config[0].service_account_email == google_service_account.runtime.email
    )
    error_message = "The build and the function must use their own accounts."
  }
  assert {
    condition = (
      google_cloudfunctions2_function.sync.build_config[0].docker_repository == google_artifact_registry_repository.images.id &&
      !google_artifact_registry_repository.images.cleanup_policy_dry_run
    )
    error_message = "Images must go to the repository that is cleaned up."
  }
}

run "the_largest_time_budget_still_ends_before_the_time_out" {
  command = plan

  variables {
    time_budget_seconds = 1680
  }

  assert {
    condition = (
      tonumber(google_cloudfunctions2_function.sync.service_config[0].environment_variables["TIME_BUDGET_SECONDS"]) <=
      google_cloudfunctions2_function.sync.service_config[0].timeout_seconds - 60
    )
    error_message = "A run must have a minute to end by itself."
  }
}

run "the_archive_holds_what_is_on_the_list_and_nothing_else" {
  command = plan

  assert {
    condition = alltrue([for source in data.archive_file.function.source :
      can(regex("^(package(-lock)?\\.json|functions/[^.].*\\.(ts|json|sql))$", source.filename)) &&
      !can(regex("\\.test\\.ts$|(^|/)\\.", source.filename))
    ])
    error_message = "The archive must hold .ts, .json and .sql files of functions/, package.json and package-lock.json only."
  }
  assert {
    condition = length(setsubtract([
      "functions/index.ts",
      "functions/schema/sync_runs.json",
      "functions/views/{object}_logs_latest.sql",
      "package-lock.json",
      "package.json",
    ], [for source in data.archive_file.function.source : source.filename])) == 0
    error_message = "The archive must hold the function, its schemas and views, and both package files."
  }
  assert {
    condition = (
      data.archive_file.function.source_dir == null && data.archive_file.function.source_file == null &&
      data.archive_file.function.excludes == null
    )
    error_message = "The archive must be made of an allow-list, not of a folder."
  }
}

run "the_same_files_are_the_same_object_and_other_files_deploy" {
  command = plan

  assert {
    condition = local.source_hash == sha256(join("\n", [
      for source in sort([for source in data.archive_file.function.source : source.filename]) : "${filesha256("../${source}")} ${source}"
    ]))
    error_message = "The hash must be that of the files in the archive: another provider compresses them otherwise."
  }
  assert {
    condition     = google_storage_bucket_object.source.name == "function-${local.source_hash}.zip"
    error_message = "The object must be named after the hash of its files."
  }
  assert {
    condition = (
      google_cloudfunctions2_function.sync.service_config[0].environment_variables["SOURCE_HASH"] == substr(local.source_hash, 0, 12)
    )
    error_message = "The function must carry the hash: a deployment whose build failed would not be tried again otherwise."
  }
  assert {
    condition     = google_storage_bucket.source.uniform_bucket_level_access && google_storage_bucket.source.public_access_prevention == "enforced"
    error_message = "The bucket must not be public."
  }
}

run "the_schedule_posts_an_empty_object_with_an_identity_for_this_service" {
  command = plan

  assert {
    condition = (
      google_cloud_scheduler_job.schedules["sync"].http_target[0].http_method == "POST" &&
      base64decode(google_cloud_scheduler_job.schedules["sync"].http_target[0].body) == "{}"
    )
    error_message = "The schedule must POST {}: unknown keys are refused."
  }
  assert {
    condition = alltrue([for job in google_cloud_scheduler_job.schedules :
      job.http_target[0].uri == google_cloudfunctions2_function.sync.service_config[0].uri &&
      job.http_target[0].oidc_token[0].audience == google_cloudfunctions2_function.sync.service_config[0].uri
    ])
    error_message = "The OIDC audience must be the address of the Cloud Run service."
  }
  assert {
    condition = (
      google_cloud_scheduler_job.schedules["sync"].http_target[0].oidc_token[0].service_account_email ==
      google_service_account.scheduler.email
    )
    error_message = "The schedule must use its own account."
  }
  assert {
    condition = (
      google_cloud_scheduler_job.schedules["sync"].schedule == "7 * * * *" &&
      google_cloud_scheduler_job.schedules["sync"].paused == false &&
      google_cloud_scheduler_job.schedules["sync"].retry_config[0].retry_count >= 1 &&
      google_cloud_scheduler_job.schedules["sync"].retry_config[0].retry_count <= 5
    )
    error_message = "Hourly, not paused, a few retries."
  }
}

run "a_VPC_network_takes_all_traffic_and_only_if_asked" {
  command = plan

  variables {
    vpc = { network = "net", subnetwork = "sub" }
  }

  assert {
    condition = (
      google_cloudfunctions2_function.sync.service_config[0].direct_vpc_egress == "VPC_EGRESS_ALL_TRAFFIC" &&
      google_cloudfunctions2_function.sync.service_config[0].direct_vpc_network_interface[0].network == "net"
    )
    error_message = "Everything must go through the network."
  }
}

run "empty_values_are_left_out_of_the_environment" {
  command = plan

  assert {
    condition = (
      !contains(values(google_cloudfunctions2_function.sync.service_config[0].environment_variables), "") &&
      !contains(keys(google_cloudfunctions2_function.sync.service_config[0].environment_variables), "PLAN_RECORDS_PER_MONTH")
    )
    error_message = "An empty variable must not be set."
  }
  assert {
    condition     = length(google_cloudfunctions2_function.sync.service_config[0].direct_vpc_network_interface) == 0
    error_message = "There must be no network unless asked."
  }
}

run "every_setting_reaches_the_function" {
  command = plan

  variables {
    bigquery_timeout_seconds = 61
    billing_time_zone        = "Europe/Lisbon"
    client_ids               = ["12", "34"]
    dataset_id               = "logs"
    dataset_location         = "southamerica-east1"
    initial_element_id       = 5181910
    kondado_api = {
      base_url                 = "https://k3.example.com/api"
      model_logs_path          = "m"
      model_status_path        = "m/{id}"
      pipeline_logs_path       = "p"
      pipeline_status_path     = "p/{id}"
      rate_limit_pause_seconds = 62
      request_timeout_seconds  = 31
      requests_per_minute      = 10
      requests_per_second      = 0.5
    }
    language                = "pt-BR"
    muted_models            = ["7"]
    muted_pipelines         = ["12", "34"]
    log_level               = "debug"
    lookback_minutes        = 90
    plan_active_pipelines   = 50
    plan_records_per_month  = 11500000
    status_requests_per_run = 40
    streams                 = ["pipeline_logs"]
    time_budget_seconds     = 1200
  }

  assert {
    condition = tomap({ for name, value in google_cloudfunctions2_function.sync.service_config[0].environment_variables :
      name => value if name != "SOURCE_HASH" # which changes with every file
      }) == tomap({
      BIGQUERY_DATASET                 = "logs"
      BIGQUERY_LOCATION                = "southamerica-east1"
      BIGQUERY_PROJECT                 = "my-project"
      BIGQUERY_TIMEOUT_SECONDS         = "61"
      BILLING_TIME_ZONE                = "Europe/Lisbon"
      DISPLAY_LANGUAGE                 = "pt-BR"
      INITIAL_ELEMENT_ID               = "5181910"
      KONDADO_API_KEY_SECRET           = "projects/my-project/secrets/kondado-api-key-logs/versions/latest"
      KONDADO_BASE_URL                 = "https://k3.example.com/api"
      KONDADO_CLIENT_IDS               = "12,34"
      KONDADO_MODEL_LOGS_PATH          = "m"
      KONDADO_MODEL_STATUS_PATH        = "m/{id}"
      KONDADO_PIPELINE_LOGS_PATH       = "p"
      KONDADO_PIPELINE_STATUS_PATH     = "p/{id}"
      KONDADO_RATE_LIMIT_PAUSE_SECONDS = "62"
      KONDADO_REQUESTS_PER_MINUTE      = "10"
      KONDADO_REQUESTS_PER_SECOND      = "0.5"
      KONDADO_REQUEST_TIMEOUT_SECONDS  = "31"
      KONDADO_TOKEN_SECRET             = "projects/my-project/secrets/kondado-token-logs/versions/latest"
      LOG_LEVEL                        = "debug"
      LOOKBACK_MINUTES                 = "90"
      MUTED_MODELS                     = "7"
      MUTED_PIPELINES                  = "12,34"
      PLAN_ACTIVE_PIPELINES            = "50"
      PLAN_RECORDS_PER_MONTH           = "11500000"
      STATUS_REQUESTS_PER_RUN          = "40"
      STREAMS                          = "pipeline_logs"
      TIME_BUDGET_SECONDS              = "1200"
      WAREHOUSE                        = "bigquery"
    })
    error_message = "The environment of the function must be these variables with these values."
  }
}

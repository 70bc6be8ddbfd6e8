# Continuing what a run has left, and the nightly verification.

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
  target = google_service_account.scheduler
  values = {
    email  = "scheduler@my-project.iam.gserviceaccount.com"
    member = "serviceAccount:scheduler@my-project.iam.gserviceaccount.com"
    name   = "projects/my-project/serviceAccounts/scheduler@my-project.iam.gserviceaccount.com"
  }
}

variables {
  project_id = "my-project"
  region     = "southamerica-east1"
  # A test that applies must set ephemeral variables, which `terraform apply` need not.
  kondado_api_key = ""
  kondado_token   = ""
}

run "there_is_no_queue_unless_asked" {
  command = plan

  assert {
    condition = length(concat(
      google_cloud_tasks_queue.continuation,
      google_cloud_tasks_queue_iam_member.runtime,
      google_service_account_iam_member.runtime,
    )) == 0
    error_message = "Without enable_continuation there must be no queue and no grants for one."
  }
  assert {
    condition = (
      !contains(keys(google_cloudfunctions2_function.sync.service_config[0].environment_variables), "CONTINUATION_QUEUE") &&
      !contains(local.services, "cloudtasks.googleapis.com")
    )
    error_message = "The function must know of no queue, and the API must stay off."
  }
}

run "the_queue_calls_this_function_and_nobody_else_one_at_a_time" {
  command = apply

  variables {
    enable_continuation = true
  }

  assert {
    condition = (
      google_cloudfunctions2_function.sync.service_config[0].environment_variables["CONTINUATION_QUEUE"] ==
      "projects/my-project/locations/southamerica-east1/queues/${google_cloud_tasks_queue.continuation[0].name}"
    )
    error_message = "The function must know the queue."
  }
  assert {
    condition = (
      google_cloud_tasks_queue.continuation[0].http_target[0].uri_override[0].host ==
      trimprefix(google_cloudfunctions2_function.sync.service_config[0].uri, "https://") &&
      google_cloud_tasks_queue.continuation[0].http_target[0].uri_override[0].uri_override_enforce_mode == "ALWAYS" &&
      google_cloud_tasks_queue.continuation[0].http_target[0].oidc_token[0].audience == google_cloudfunctions2_function.sync.service_config[0].uri &&
      google_cloud_tasks_queue.continuation[0].http_target[0].oidc_token[0].service_account_email == google_service_account.scheduler.email
    )
    error_message = "Every task must go to the function, as the account that may start it, whatever the task says."
  }
  assert {
    condition     = google_cloud_tasks_queue.continuation[0].rate_limits[0].max_concurrent_dispatches == 1
    error_message = "One run at a time."
  }
  assert {
    condition = local.attempt_deadline_seconds < sum([
      for attempt in range(google_cloud_tasks_queue.continuation[0].retry_config[0].max_attempts - 1) : min(60 * pow(2, attempt), 600)
    ])
    error_message = "The attempts must last longer than a run of the schedule, during which the function answers 409."
  }
  assert {
    condition = (
      google_cloud_tasks_queue_iam_member.runtime[0].role == "roles/cloudtasks.enqueuer" &&
      google_cloud_tasks_queue_iam_member.runtime[0].member == "serviceAccount:runtime@my-project.iam.gserviceaccount.com"
    )
    error_message = "The function must be able to make tasks, in this queue."
  }
  assert {
    condition = (
      google_service_account_iam_member.runtime[0].role == "roles/iam.serviceAccountUser" &&
      google_service_account_iam_member.runtime[0].service_account_id == google_service_account.scheduler.name &&
      google_service_account_iam_member.runtime[0].member == "serviceAccount:runtime@my-project.iam.gserviceaccount.com"
    )
    error_message = "The function must be able to use the account that starts it, and no other."
  }
  assert {
    condition     = contains(local.services, "cloudtasks.googleapis.com")
    error_message = "The API must be on."
  }
}

run "the_last_days_are_verified_at_night_when_no_other_run_is_under_way" {
  command = plan

  assert {
    condition = (
      jsondecode(base64decode(google_cloud_scheduler_job.schedules["verify"].http_target[0].body)) == { verify = true } &&
      google_cloud_scheduler_job.schedules["verify"].http_target[0].http_method == "POST"
    )
    error_message = "The job must ask for a verification."
  }
  assert {
    condition = (
      google_cloud_scheduler_job.schedules["verify"].name != google_cloud_scheduler_job.schedules["sync"].name &&
      google_cloud_scheduler_job.schedules["verify"].time_zone == google_cloud_scheduler_job.schedules["sync"].time_zone
    )
    error_message = "It must be a job of its own, in the same time zone."
  }
  assert {
    # Both begin as late after the other as a run may take.
    condition = alltrue([for minutes in [
      tonumber(split(" ", var.verify_schedule)[0]) - tonumber(split(" ", var.schedule)[0]),
      60 + tonumber(split(" ", var.schedule)[0]) - tonumber(split(" ", var.verify_schedule)[0]),
    ] : minutes * 60 > var.time_budget_seconds])
    error_message = "By default neither may come into the other's way."
  }
  assert {
    condition = alltrue([for job in google_cloud_scheduler_job.schedules :
      job.http_target[0].oidc_token[0].service_account_email == google_service_account.scheduler.email &&
      job.attempt_deadline == "${local.attempt_deadline_seconds}s"
    ])
    error_message = "Both must have the same identity and the same deadline."
  }
}

run "nothing_is_verified_when_it_is_switched_off" {
  command = plan

  variables {
    verify_schedule = null
  }

  assert {
    condition     = keys(google_cloud_scheduler_job.schedules) == ["sync"]
    error_message = "Null must mean never."
  }
}

run "a_pause_is_one_of_both" {
  command = plan

  variables {
    schedule_paused = true
  }

  assert {
    condition     = length(google_cloud_scheduler_job.schedules) == 2 && alltrue([for job in google_cloud_scheduler_job.schedules : job.paused])
    error_message = "Both jobs must pause."
  }
}

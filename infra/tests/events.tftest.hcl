# Publishing each new execution.

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

variables {
  project_id = "my-project"
  region     = "southamerica-east1"
  # A test that applies must set ephemeral variables, which `terraform apply` need not.
  kondado_api_key = ""
  kondado_token   = ""
}

run "there_is_no_topic_unless_asked" {
  command = plan

  assert {
    condition     = length(concat(google_pubsub_topic.executions, google_pubsub_topic_iam_member.runtime)) == 0
    error_message = "Without events.enabled there must be no topic and no grant."
  }
  assert {
    condition = (
      !contains(keys(google_cloudfunctions2_function.sync.service_config[0].environment_variables), "EVENTS_TOPIC") &&
      !contains(local.services, "pubsub.googleapis.com") &&
      !contains(keys(google_monitoring_alert_policy.logs), "events")
    )
    error_message = "The function must know of no topic, the API must stay off, and nothing can fail that alerts would tell."
  }
}

run "the_function_publishes_to_the_topic_and_to_no_other" {
  command = apply

  variables {
    events = { enabled = true }
  }

  assert {
    condition = (
      google_pubsub_topic.executions[0].name == "kondado-log-sync-executions" &&
      google_pubsub_topic.executions[0].message_retention_duration == "604800s" &&
      length(google_pubsub_topic.executions[0].schema_settings) == 0 &&
      google_pubsub_topic.executions[0].kms_key_name == null
    )
    error_message = "The topic must keep messages for seven days, without a schema, with Google's key."
  }
  assert {
    condition = (
      google_cloudfunctions2_function.sync.service_config[0].environment_variables["EVENTS_TOPIC"] ==
      "projects/my-project/topics/${google_pubsub_topic.executions[0].name}"
    )
    error_message = "The function must know the topic."
  }
  assert {
    condition = (
      google_pubsub_topic_iam_member.runtime[0].role == "roles/pubsub.publisher" &&
      google_pubsub_topic_iam_member.runtime[0].topic == google_pubsub_topic.executions[0].name &&
      google_pubsub_topic_iam_member.runtime[0].member == "serviceAccount:runtime@my-project.iam.gserviceaccount.com"
    )
    error_message = "The function must be able to publish to this topic."
  }
  assert {
    condition     = contains(local.services, "pubsub.googleapis.com")
    error_message = "The API must be on."
  }
  assert {
    condition = (
      google_monitoring_alert_policy.logs["events"].conditions[0].condition_matched_log[0].filter ==
      "${local._service_filter} AND jsonPayload.event=\"events_failed\"" &&
      google_monitoring_alert_policy.logs["events"].severity == "ERROR"
    )
    error_message = "Somebody must be told of events that are not out."
  }
  assert {
    condition = alltrue([for output in [output.events_pull, output.events_subscribe] :
      strcontains(output, "--project=my-project") && strcontains(output, "kondado-log-sync-executions")
    ])
    error_message = "The outputs must be commands to paste."
  }
}

run "the_topic_takes_a_key_and_another_time" {
  command = plan

  variables {
    events   = { enabled = true, retention_days = 1 }
    kms_keys = { events = "projects/my-project/locations/southamerica-east1/keyRings/ring/cryptoKeys/events" }
  }

  assert {
    condition = (
      google_pubsub_topic.executions[0].kms_key_name == var.kms_keys.events &&
      google_pubsub_topic.executions[0].message_retention_duration == "86400s"
    )
    error_message = "The topic must have the key, and keep messages as long as asked."
  }
}

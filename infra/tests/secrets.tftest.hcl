# The credentials never reach state, plan or environment.

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

run "no_version_is_made_unless_it_is_asked_for" {
  command = apply

  assert {
    condition     = length(google_secret_manager_secret_version.kondado) == 0 && length(google_secret_manager_secret.kondado) == 2
    error_message = "With credentials_version = 0 there must be two secrets without a version."
  }
  assert {
    condition = alltrue([for secret in google_secret_manager_secret.kondado :
      secret.version_destroy_ttl == "604800s" && secret.deletion_protection
    ])
    error_message = "Secrets must be protected, and destroyed versions recoverable for 7 days."
  }
  assert {
    condition = alltrue([for secret in ["kondado-api-key-kondado", "kondado-token-kondado"] :
      strcontains(output.add_credentials, "gcloud secrets versions add ${secret} ")
    ])
    error_message = "The output must say how to add both."
  }
}

run "given_credentials_are_written_and_not_kept" {
  command = apply

  variables {
    credentials_version = 1
    kondado_api_key     = "planted-key"
    kondado_token       = "planted-token"
  }

  assert {
    condition = length(google_secret_manager_secret_version.kondado) == 2 && alltrue([
      for version in google_secret_manager_secret_version.kondado :
      version.secret_data_wo == null && version.secret_data_wo_version == "1"
    ])
    error_message = "The values must be write-only: in state they must be null."
  }
  assert {
    condition     = alltrue([for version in google_secret_manager_secret_version.kondado : version.secret_data == null])
    error_message = "secret_data puts the value into the state; use secret_data_wo."
  }
  assert {
    condition     = !strcontains(jsonencode(google_cloudfunctions2_function.sync), "planted-")
    error_message = "The function must not hold a credential."
  }
}

run "rotation_makes_a_new_version_and_does_not_touch_the_function" {
  command = apply

  variables {
    credentials_version = 2
    kondado_api_key     = "second-key"
    kondado_token       = "second-token"
  }

  assert {
    condition     = google_secret_manager_secret_version.kondado["api_key"].secret_data_wo_version == "2"
    error_message = "A higher credentials_version must be a new version."
  }
  assert {
    condition = (
      google_cloudfunctions2_function.sync.service_config[0].environment_variables["KONDADO_TOKEN_SECRET"] ==
      "projects/my-project/secrets/kondado-token-kondado/versions/latest"
    )
    error_message = "The environment must not name a number of a version: a rotation would redeploy."
  }
}

run "credentials_version_without_credentials_is_refused" {
  command = plan

  variables {
    credentials_version = 1
  }

  expect_failures = [var.kondado_api_key, var.kondado_token]
}

run "the_function_is_told_the_names_of_the_secrets" {
  command = plan

  assert {
    condition = (
      local.environment.KONDADO_API_KEY_SECRET == "projects/my-project/secrets/kondado-api-key-kondado/versions/latest" &&
      local.environment.KONDADO_TOKEN_SECRET == "projects/my-project/secrets/kondado-token-kondado/versions/latest"
    )
    error_message = "The environment must hold the names of the newest versions."
  }
  assert {
    condition     = length(google_cloudfunctions2_function.sync.service_config[0].secret_environment_variables) == 0
    error_message = "The function reads the secrets itself: a missing one must not fail the deployment."
  }
}

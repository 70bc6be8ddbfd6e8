# What somebody sees who sets nothing but what must be set.

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

run "the_required_variables_alone_apply" {
  command = apply

  assert {
    condition     = output.dataset == "my-project.kondado"
    error_message = "The dataset must be the project's dataset kondado."
  }
  assert {
    condition     = startswith(output.run_now, "gcloud scheduler jobs run kondado-log-sync --project=my-project --location=southamerica-east1\n")
    error_message = "The output must be a command to paste."
  }
  assert {
    condition     = alltrue([for text in ["curl", output.url, "gcloud auth print-identity-token"] : strcontains(output.backfill, text)])
    error_message = "The output must be a command to paste, with the address and an identity."
  }
  assert {
    condition     = alltrue([for text in ["curl", output.url, "{\"check\": true}"] : strcontains(output.check, text)])
    error_message = "The output must ask this function for a check."
  }
  assert {
    condition     = strcontains(output.looker_studio, "ds.projectId=my-project&ds.datasetId=kondado&ds.tableId=pipeline_logs_latest")
    error_message = "The link must open a report on the dataset."
  }
  assert {
    condition     = strcontains(output.query, "`my-project.kondado.sync_runs`") && strcontains(output.query, "--use_legacy_sql=false")
    error_message = "The query must name the dataset."
  }
}

run "credentials_given_as_variables_apply" {
  command = apply

  variables {
    credentials_version = 1
    kondado_api_key     = "planted-key"
    kondado_token       = "planted-token"
  }

  assert {
    condition     = !strcontains(jsonencode([output.add_credentials, output.backfill, output.console, output.query, output.read_logs]), "planted-")
    error_message = "No output may hold a credential."
  }
}

run "null_means_the_default" {
  command = plan

  variables {
    name     = null
    schedule = null
    streams  = null
  }

  assert {
    condition     = strcontains(output.run_now, "run kondado-log-sync ")
    error_message = "A variable set to null must have its default."
  }
}

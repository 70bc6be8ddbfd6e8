# The data: dataset, tables and views.

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

run "a_table_for_each_schema_file_partitioned_clustered_and_protected" {
  command = apply

  assert {
    condition     = toset(keys(google_bigquery_table.tables)) == toset([for file in fileset("../functions/schema", "*.json") : trimsuffix(file, ".json")])
    error_message = "There must be one table for each file in functions/schema."
  }
  assert {
    condition     = length(google_bigquery_table.tables) >= 5
    error_message = "The schema files were not found."
  }
  assert {
    condition = alltrue([for name, table in google_bigquery_table.tables :
      table.time_partitioning[0].field == jsondecode(file("../functions/schema/${name}.json")).partition.field &&
      table.time_partitioning[0].type == "DAY" &&
      tolist(table.clustering) == tolist(jsondecode(file("../functions/schema/${name}.json")).clustering)
    ])
    error_message = "Each table must be partitioned and clustered as its schema file says."
  }
  assert {
    # The local too: a mock makes 0 of null.
    condition = local._partition_expiration_ms == 0 && alltrue([for table in google_bigquery_table.tables :
      table.time_partitioning[0].expiration_ms == 0 && table.require_partition_filter == false
    ])
    error_message = "Rows must be kept for ever, and be readable without a filter."
  }
  assert {
    condition = alltrue([for name, table in google_bigquery_table.tables :
      jsondecode(table.schema) == jsondecode(file("../functions/schema/${name}.json")).schema
    ])
    error_message = "Each table must have the columns of its schema file, in their order."
  }
  assert {
    condition     = alltrue([for table in google_bigquery_table.tables : table.deletion_protection])
    error_message = "Tables must be protected against deletion."
  }
  assert {
    condition     = alltrue([for table in google_bigquery_table.tables : table.ignore_auto_generated_schema == true])
    error_message = "A column that the schema files lack must be left alone, not dropped."
  }
  assert {
    condition = (
      google_bigquery_dataset.kondado.deletion_policy == "PREVENT" &&
      google_bigquery_dataset.kondado.delete_contents_on_destroy == false
    )
    error_message = "The dataset must be protected against deletion."
  }
  assert {
    condition = (
      google_bigquery_dataset.kondado.default_table_expiration_ms == null &&
      google_bigquery_dataset.kondado.default_partition_expiration_ms == null
    )
    error_message = "The dataset must not let tables or partitions expire."
  }
}

run "views_are_standard_SQL_complete_and_not_protected" {
  command = plan

  assert {
    condition = toset(keys(merge(google_bigquery_table.latest_views, google_bigquery_table.views))) == toset(flatten([
      for file in fileset("../functions/views", "*.sql") : distinct([
        for object in ["pipeline", "model"] : trimsuffix(replace(file, "{object}", object), ".sql")
      ])
    ]))
    error_message = "There must be one view for each file in functions/views, and two where its name holds {object}."
  }
  assert {
    condition     = toset(keys(google_bigquery_table.latest_views)) == toset(["model_logs_latest", "pipeline_logs_latest"])
    error_message = "The views that all others may read must be made before them."
  }
  assert {
    condition = alltrue([for view in merge(google_bigquery_table.latest_views, google_bigquery_table.views) :
      view.view[0].use_legacy_sql == false
    ])
    error_message = "Views must not be legacy SQL."
  }
  assert {
    condition = alltrue([for view in merge(google_bigquery_table.latest_views, google_bigquery_table.views) :
      view.deletion_protection == false && !strcontains(view.view[0].query, "$${") && !strcontains(view.view[0].query, "{object}")
    ])
    error_message = "Views must be replaceable and have no placeholder left."
  }
  assert {
    condition = alltrue([for object in ["pipeline", "model"] : strcontains(
      google_bigquery_table.latest_views["${object}_logs_latest"].view[0].query,
      "`my-project.kondado.${object}_logs`",
    )])
    error_message = "A view must read the tables of this dataset."
  }
  assert {
    condition = alltrue([for view in merge(google_bigquery_table.latest_views, google_bigquery_table.views) :
      strcontains(view.description, "?") && startswith(view.view[0].query, "-- ${view.description}")
    ])
    error_message = "A view must be described by the question in the first line of its text."
  }
  assert {
    condition = alltrue([for view in merge(google_bigquery_table.latest_views, google_bigquery_table.views) :
      endswith(view.view[0].query, "\n-- Columns of the tables: ${substr(sha256(jsonencode({
        for file in fileset("../functions/schema", "*.json") : trimsuffix(file, ".json") => jsondecode(file("../functions/schema/${file}")).schema
      })), 0, 12)}\n")
    ])
    error_message = "A view must be made again when its tables gain a column: it keeps the old ones otherwise."
  }
}

run "what_a_plan_is_comes_into_the_views_as_numbers" {
  command = plan

  variables {
    plan_records_per_month = 11500000
    plan_active_pipelines  = 50
  }

  assert {
    condition = (
      local.environment.PLAN_RECORDS_PER_MONTH == "11500000" && local.environment.PLAN_ACTIVE_PIPELINES == "50" &&
      strcontains(google_bigquery_table.views["plan_forecast"].view[0].query, "11500000")
    )
    error_message = "Numbers must be written in full, not as 1.15e+07."
  }
}

run "protection_can_be_taken_away_to_destroy_everything" {
  command = plan

  variables {
    protect_data = false
  }

  assert {
    condition = (
      google_bigquery_dataset.kondado.deletion_policy == "DELETE" &&
      alltrue([for table in google_bigquery_table.tables : !table.deletion_protection]) &&
      alltrue([for secret in google_secret_manager_secret.kondado : !secret.deletion_protection])
    )
    error_message = "protect_data = false must unprotect dataset, tables and secrets."
  }
}

run "old_rows_expire_only_if_asked" {
  command = plan

  variables {
    partition_expiration_days = 400
  }

  assert {
    condition     = alltrue([for table in google_bigquery_table.tables : table.time_partitioning[0].expiration_ms == 34560000000])
    error_message = "400 days are 34,560,000,000 ms."
  }
}

run "rows_are_kept_for_ever_again_when_it_is_set_back" {
  command = plan

  variables {
    partition_expiration_days = null
  }

  assert {
    condition     = local._partition_expiration_ms == 0
    error_message = "Never must be said as 0: null plans nothing, and the rows would go on expiring."
  }
}

run "a_new_installation_uses_keys_of_one_own_if_asked" {
  command   = plan
  state_key = "new"

  variables {
    kms_keys = {
      dataset = "projects/my-project/locations/us/keyRings/ring/cryptoKeys/data"
      secrets = "projects/my-project/locations/global/keyRings/ring/cryptoKeys/secrets"
    }
  }

  assert {
    condition = [
      google_bigquery_dataset.kondado.default_encryption_configuration[0].kms_key_name,
      google_secret_manager_secret.kondado["token"].replication[0].auto[0].customer_managed_encryption[0].kms_key_name,
    ] == [var.kms_keys.dataset, var.kms_keys.secrets]
    error_message = "The keys must reach the dataset and the secrets."
  }
}

run "secrets_that_exist_keep_their_key" {
  command = plan

  variables {
    kms_keys = { secrets = "projects/my-project/locations/global/keyRings/ring/cryptoKeys/secrets" }
  }

  assert {
    condition     = length(google_secret_manager_secret.kondado["token"].replication[0].auto[0].customer_managed_encryption) == 0
    error_message = "Another key would replace the secrets, and the credentials with them."
  }
}

run "neither_region_nor_name_of_the_function_changes_anything_of_the_data" {
  command = plan

  variables {
    name   = "another-name"
    region = "us-central1"
  }

  assert {
    condition = (
      google_bigquery_dataset.kondado.location == "southamerica-east1" && google_bigquery_dataset.kondado.dataset_id == "kondado" &&
      local.environment.BIGQUERY_LOCATION == "southamerica-east1" && strcontains(output.query, "--location=southamerica-east1 ")
    )
    error_message = "Another region or name must leave the dataset where it is: a change would replace the data."
  }
  assert {
    condition = { for key, secret in google_secret_manager_secret.kondado : key => secret.secret_id } == {
      api_key = "kondado-api-key-kondado"
      token   = "kondado-token-kondado"
    }
    error_message = "The names of the secrets must not depend on region or name."
  }
}

run "another_location_of_data_that_is_there_is_warned_of_and_changes_nothing" {
  command = plan

  variables {
    dataset_location = "US"
  }

  expect_failures = [check.dataset_location]

  assert {
    condition     = google_bigquery_dataset.kondado.location == "southamerica-east1"
    error_message = "The dataset must stay where it is."
  }
}

run "new_data_goes_where_it_is_asked_to" {
  command   = plan
  state_key = "elsewhere"

  variables {
    dataset_location = "EU"
  }

  assert {
    condition     = google_bigquery_dataset.kondado.location == "EU" && local.environment.BIGQUERY_LOCATION == "EU"
    error_message = "dataset_location must decide, and the function must know it."
  }
}

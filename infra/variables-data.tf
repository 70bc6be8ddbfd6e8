# What is kept in BigQuery, and what the views compare it with.

variable "bigquery_timeout_seconds" {
  description = "How long one call to BigQuery may take, retries included."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.bigquery_timeout_seconds > 0
    error_message = "bigquery_timeout_seconds must be a number above 0, such as 60."
  }
}

variable "billing_time_zone" {
  description = "The time zone in which the month of the Kondado plan begins and ends."
  type        = string
  default     = "America/Sao_Paulo"
  nullable    = false

  validation {
    condition     = try(contains(local.time_zones, var.billing_time_zone), true)
    error_message = "billing_time_zone must be a name of the IANA time zone database spelt as there, such as America/Sao_Paulo or UTC (not -03:00)."
  }
}

variable "dataset_id" {
  description = "Name of the BigQuery dataset. Decide before the first apply: another name is another, empty dataset."
  type        = string
  default     = "kondado"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_]+$", var.dataset_id)) && length(var.dataset_id) <= 200
    error_message = "dataset_id must be letters, digits and underscores, at most 200, such as kondado."
  }
}

variable "dataset_location" {
  description = "Where BigQuery keeps the data, such as US, EU or southamerica-east1. It cannot be changed after the first apply. Null: where region is."
  type        = string
  default     = null

  validation {
    condition     = try(var.dataset_location == null || can(regex("^[A-Za-z]+(-[a-z]+[0-9]+)?$", var.dataset_location)), true)
    error_message = "dataset_location must be a BigQuery location, such as US, EU or southamerica-east1, or null for the region."
  }
}

variable "kms_keys" {
  description = "Your own Cloud KMS keys: tables in dataset_location, events in region, secrets in global. Decide before the first apply: data keeps its key."
  type = object({
    dataset = optional(string)
    events  = optional(string)
    secrets = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition = alltrue([for key in [var.kms_keys.dataset, var.kms_keys.events, var.kms_keys.secrets] :
      key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", key))
    ])
    error_message = "kms_keys must be full names of keys: projects/P/locations/L/keyRings/R/cryptoKeys/K."
  }
}

variable "partition_expiration_days" {
  description = "Days after which BigQuery deletes old rows for good, in all tables. 0: never."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition = (
      var.partition_expiration_days == 0 ||
      (var.partition_expiration_days == floor(var.partition_expiration_days) && var.partition_expiration_days > 90)
    )
    error_message = "partition_expiration_days must be a whole number above 90 (Kondado itself keeps 90 days), or 0 to keep everything."
  }
}

variable "plan_active_pipelines" {
  description = "Active pipelines that the Kondado plan allows, for the forecast. Null: unknown."
  type        = number
  default     = null

  validation {
    condition = try(
      var.plan_active_pipelines == null || (
        var.plan_active_pipelines == floor(var.plan_active_pipelines) && var.plan_active_pipelines >= 1
      ),
      true,
    )
    error_message = "plan_active_pipelines must be a whole number from 1 on, such as 50, or null if it is unknown."
  }
}

variable "plan_records_per_month" {
  description = "Records a month that the Kondado plan allows, for the forecast. Null: unknown."
  type        = number
  default     = null

  validation {
    condition = try(
      var.plan_records_per_month == null || (
        var.plan_records_per_month == floor(var.plan_records_per_month) && var.plan_records_per_month >= 1
      ),
      true,
    )
    error_message = "plan_records_per_month must be a whole number from 1 on, such as 11500000, or null if it is unknown."
  }
}

variable "protect_data" {
  description = "Whether Terraform refuses to delete the dataset, its tables and the secrets. Set it to false, apply, then destroy."
  type        = bool
  default     = true
  nullable    = false
}

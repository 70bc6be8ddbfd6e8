variable "alert_emails" {
  description = "E-mail addresses that get the alerts. Empty: alerts show in the console only."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "alert_emails must be e-mail addresses, such as [\"data-team@example.com\"]."
  }
}

variable "alert_plan_percent" {
  description = "Used share of the plan, in percent, from which on an alert is sent. Needs plan_records_per_month."
  type        = number
  default     = 80
  nullable    = false

  validation {
    condition     = var.alert_plan_percent > 0 && var.alert_plan_percent <= 100
    error_message = "alert_plan_percent must be a number above 0 and up to 100, such as 80."
  }
}

variable "alert_silence_hours" {
  description = "Hours without a successful run after which an alert is sent; make it longer than the time between two scheduled runs. 0: no such alert."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.alert_silence_hours == floor(var.alert_silence_hours) && var.alert_silence_hours >= 0 && var.alert_silence_hours <= 168
    error_message = "alert_silence_hours must be a whole number from 0 (no alert) to 168."
  }
}

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
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_/+-]*$", var.billing_time_zone))
    error_message = "billing_time_zone must be an IANA time zone, such as America/Sao_Paulo (not an offset such as -03:00)."
  }
}

variable "client_ids" {
  description = "Kondado accounts or workspaces, each read on its own. Empty: one read of all that the token may see."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.client_ids : can(regex("^[0-9]{1,18}$", id))])
    error_message = "client_ids must be whole numbers, such as [\"1234\", \"5678\"]."
  }
}

variable "credentials_version" {
  description = "Raise it by one to store new values of kondado_api_key and kondado_token. 0: Terraform stores no values, you add them with the command in the output add_credentials."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.credentials_version == floor(var.credentials_version) && var.credentials_version >= 0
    error_message = "credentials_version must be a whole number from 0 on: 0 if you add the credentials with gcloud, else 1, and one more for each rotation."
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
  description = "Where BigQuery keeps the data: a multi-region (US, EU) or a region such as southamerica-east1. Decide before the first apply: it cannot be changed later."
  type        = string
  default     = "US"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z]+(-[a-z]+[0-9]+)?$", var.dataset_location))
    error_message = "dataset_location must be a BigQuery location, such as US, EU or southamerica-east1."
  }
}

variable "enable_continuation" {
  description = "Whether a run that its time budget has ended is gone on with at once, by Cloud Tasks, instead of by the next run of the schedule; backfills and verifications too."
  type        = bool
  default     = false
  nullable    = false
}

variable "initial_element_id" {
  description = "The log id at which the very first run starts. 0: at the oldest log that Kondado still has."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.initial_element_id == floor(var.initial_element_id) && var.initial_element_id >= 0
    error_message = "initial_element_id must be a whole number from 0 on."
  }
}

variable "invokers" {
  description = "Who may start runs and backfills and open the page, such as user:ana@example.com or group:data@example.com."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for member in var.invokers : can(regex("^(user|group|serviceAccount):[^@\\s]+@[^@\\s]+$", member))])
    error_message = "invokers must be people, groups or service accounts, such as [\"user:ana@example.com\", \"group:data@example.com\"]. The function is never public."
  }
}

variable "kms_keys" {
  description = "Cloud KMS keys: one in dataset_location for the tables, one in the location global for the secrets. Left out: keys of Google. Decide before the first apply: what exists keeps its key."
  type = object({
    dataset = optional(string)
    secrets = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key in [var.kms_keys.dataset, var.kms_keys.secrets] : key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", key))])
    error_message = "kms_keys must be full names of keys: projects/P/locations/L/keyRings/R/cryptoKeys/K."
  }
}

variable "kondado_api" {
  description = "Where the Kondado API is and how fast it may be asked. The defaults are those of Kondado."
  type = object({
    base_url                 = optional(string, "https://k2.kondado.com.br")
    model_logs_path          = optional(string, "model_logs")
    pipeline_logs_path       = optional(string, "pipeline_logs")
    rate_limit_pause_seconds = optional(number, 60)
    request_timeout_seconds  = optional(number, 30)
    requests_per_minute      = optional(number, 20)
    requests_per_second      = optional(number, 1)
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^https?://[^?#@\\s]+$", var.kondado_api.base_url))
    error_message = "kondado_api.base_url must be a URL with http:// or https://, without user, query and fragment, such as https://k2.kondado.com.br."
  }

  validation {
    condition     = alltrue([for path in [var.kondado_api.model_logs_path, var.kondado_api.pipeline_logs_path] : can(regex("^/?[\\w~-][\\w.~-]*(/[\\w~-][\\w.~-]*)*/?$", path))])
    error_message = "kondado_api.model_logs_path and kondado_api.pipeline_logs_path must be paths below base_url, such as pipeline_logs."
  }

  validation {
    condition     = alltrue([for limit in [var.kondado_api.rate_limit_pause_seconds, var.kondado_api.request_timeout_seconds, var.kondado_api.requests_per_minute, var.kondado_api.requests_per_second] : limit > 0])
    error_message = "The numbers in kondado_api must be above 0."
  }
}

variable "kondado_api_key" {
  description = "The API key of Kondado. Kept out of state and plan; set it as TF_VAR_kondado_api_key, not in a file. Needed whenever credentials_version is 1 or more."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = var.credentials_version == 0 || try(length(trimspace(var.kondado_api_key)) > 0, false)
    error_message = "kondado_api_key must be given when credentials_version is 1 or more: export TF_VAR_kondado_api_key, or set credentials_version = 0 and use the output add_credentials."
  }
}

variable "kondado_token" {
  description = "The API token of Kondado. Kept out of state and plan; set it as TF_VAR_kondado_token, not in a file. Needed whenever credentials_version is 1 or more."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = var.credentials_version == 0 || try(length(trimspace(var.kondado_token)) > 0, false)
    error_message = "kondado_token must be given when credentials_version is 1 or more: export TF_VAR_kondado_token, or set credentials_version = 0 and use the output add_credentials."
  }
}

variable "labels" {
  description = "Labels of everything that can have labels, such as { team = \"data\" }."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels must be lower-case letters, digits, underscores and hyphens, at most 63, keys beginning with a letter."
  }
}

variable "log_level" {
  description = "The least important log lines that are written. The alerts read lines of level info."
  type        = string
  default     = "info"
  nullable    = false

  validation {
    condition     = contains(["debug", "info", "warn", "error"], var.log_level)
    error_message = "log_level must be debug, info, warn or error."
  }

  validation {
    condition     = contains(["debug", "info"], var.log_level) || var.alert_silence_hours == 0
    error_message = "log_level must be debug or info, because the alert about silence counts lines of level info; to use warn or error, set alert_silence_hours = 0."
  }
}

variable "lookback_minutes" {
  description = "How far behind the newest stored row each run reads again, for rows that come late or change."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.lookback_minutes >= 0
    error_message = "lookback_minutes must be a number from 0 on, such as 60."
  }
}

variable "memory" {
  description = "Memory of the function."
  type        = string
  default     = "512Mi"
  nullable    = false

  validation {
    condition     = contains(["512Mi", "1Gi", "2Gi", "4Gi"], var.memory)
    error_message = "memory must be 512Mi, 1Gi, 2Gi or 4Gi."
  }
}

variable "name" {
  description = "Name of the function and beginning of the names around it; choose another for a second installation in the same project. The names of the data do not depend on it."
  type        = string
  default     = "kondado-log-sync"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}[a-z0-9]$", var.name))
    error_message = "name must be 4 to 22 lower-case letters, digits and hyphens, beginning with a letter, such as kondado-log-sync."
  }
}

variable "partition_expiration_days" {
  description = "Days after which BigQuery deletes old rows for good, in all tables. Null: never."
  type        = number
  default     = null

  validation {
    condition     = try(var.partition_expiration_days == null || (var.partition_expiration_days == floor(var.partition_expiration_days) && var.partition_expiration_days > 90), true)
    error_message = "partition_expiration_days must be a whole number above 90 (Kondado itself keeps 90 days), or null to keep everything."
  }
}

variable "plan_active_pipelines" {
  description = "Active pipelines that the Kondado plan allows, for the forecast. Null: unknown."
  type        = number
  default     = null

  validation {
    condition     = try(var.plan_active_pipelines == null || (var.plan_active_pipelines == floor(var.plan_active_pipelines) && var.plan_active_pipelines >= 1), true)
    error_message = "plan_active_pipelines must be a whole number from 1 on, such as 50, or null if it is unknown."
  }
}

variable "plan_records_per_month" {
  description = "Records a month that the Kondado plan allows, for the forecast. Null: unknown."
  type        = number
  default     = null

  validation {
    condition     = try(var.plan_records_per_month == null || (var.plan_records_per_month == floor(var.plan_records_per_month) && var.plan_records_per_month >= 1), true)
    error_message = "plan_records_per_month must be a whole number from 1 on, such as 11500000, or null if it is unknown."
  }
}

variable "project_id" {
  description = "The Google Cloud project that everything is made in. It must exist and have a billing account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be the id of a project, such as my-company-logs (not its number or its display name)."
  }
}

variable "protect_data" {
  description = "Whether Terraform refuses to delete the dataset, its tables and the secrets. Set it to false, apply, then destroy."
  type        = bool
  default     = true
  nullable    = false
}

variable "region" {
  description = "The region of the function, its schedule and its images, such as southamerica-east1. The data has its own: dataset_location."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a Google Cloud region, such as southamerica-east1 or us-central1 (not a zone and not a multi-region)."
  }
}

variable "runtime" {
  description = "Node runtime of the function."
  type        = string
  default     = "nodejs24"
  nullable    = false

  validation {
    condition     = can(regex("^nodejs(2[4-9]|[3-9][0-9])$", var.runtime))
    error_message = "runtime must be nodejs24 or a later one: the function needs Node 24."
  }
}

variable "schedule" {
  description = "When the sync runs, in cron format."
  type        = string
  default     = "7 * * * *"
  nullable    = false

  validation {
    condition     = can(regex("^[^\\s]+( [^\\s]+){4}$", var.schedule))
    error_message = "schedule must be the five fields of cron with one space between them, such as 7 * * * * (hourly at minute 7)."
  }
}

variable "schedule_paused" {
  description = "Whether both schedules, and the alert about silence with them, are paused."
  type        = bool
  default     = false
  nullable    = false
}

variable "schedule_time_zone" {
  description = "The time zone of schedule and verify_schedule."
  type        = string
  default     = "America/Sao_Paulo"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_/+-]*$", var.schedule_time_zone))
    error_message = "schedule_time_zone must be an IANA time zone, such as America/Sao_Paulo."
  }
}

variable "streams" {
  description = "The logs that are read."
  type        = set(string)
  default     = ["model_logs", "pipeline_logs"]
  nullable    = false

  validation {
    condition     = length(var.streams) > 0 && length(setsubtract(var.streams, ["model_logs", "pipeline_logs"])) == 0
    error_message = "streams must be [\"pipeline_logs\"], [\"model_logs\"] or both."
  }
}

variable "time_budget_seconds" {
  description = "A run ends, as partial, before this is over; the next one goes on. It must leave a minute of the time-out of the function, 1740 seconds."
  type        = number
  default     = 1500
  nullable    = false

  validation {
    condition     = var.time_budget_seconds == floor(var.time_budget_seconds) && var.time_budget_seconds >= 60 && var.time_budget_seconds <= 1680
    error_message = "time_budget_seconds must be a whole number from 60 to 1680."
  }
}

variable "verify_schedule" {
  description = "When the last seven days are read again and compared, in cron format; choose a time at which no run of schedule is going on. Null: never."
  type        = string
  default     = "37 3 * * *"

  validation {
    condition     = var.verify_schedule == null ? true : can(regex("^[^\\s]+( [^\\s]+){4}$", var.verify_schedule))
    error_message = "verify_schedule must be the five fields of cron with one space between them, such as 37 3 * * * (every night at 3:37), or null."
  }
}

variable "vpc" {
  description = "VPC network through which everything that the function sends goes, for instance to have a fixed address with Cloud NAT. Null: none."
  type = object({
    network    = string
    subnetwork = string
    tags       = optional(list(string), [])
  })
  default = null

  validation {
    condition     = try(var.vpc == null || (length(var.vpc.network) > 0 && length(var.vpc.subnetwork) > 0), true)
    error_message = "vpc must name a network and a subnetwork, or be null."
  }
}

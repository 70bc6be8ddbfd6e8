# The installation: where it is, who may use it, when it runs. What it reads, what it keeps and what it watches have files of their own.

variable "enable_continuation" {
  description = "Whether Cloud Tasks continues a run that ran out of time, backfills and verifications included, without waiting for the schedule."
  type        = bool
  default     = false
  nullable    = false
}

variable "events" {
  description = "Whether each new execution is published to a Pub/Sub topic, and for how many days that keeps messages."
  type = object({
    enabled        = optional(bool, false)
    retention_days = optional(number, 7)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.events.retention_days == floor(var.events.retention_days) && var.events.retention_days >= 1 && var.events.retention_days <= 31
    error_message = "events.retention_days must be a whole number from 1 to 31, such as 7."
  }
}

variable "invokers" {
  description = "Who may start runs and backfills and open the page, such as user:ana@example.com or group:data@example.com."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for member in var.invokers : can(regex("^(user|group|serviceAccount):[^@\\s]+@[^@\\s]+$", member))])
    error_message = "invokers must be people, groups or service accounts, such as [\"user:ana@example.com\"]. The function is never public."
  }
}

variable "labels" {
  description = "Labels for everything that can have labels, such as { team = \"data\" }, beside application = \"kondado-log-sync\"."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([for key, value in var.labels :
      can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))
    ])
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
    error_message = "log_level must be debug or info unless alert_silence_hours = 0: the alert about silence counts lines of level info."
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
  description = "Name of the function, and prefix of what surrounds it. A second installation in the same project needs another. Names no data."
  type        = string
  default     = "kondado-log-sync"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,20}[a-z0-9]$", var.name))
    error_message = "name must be 4 to 22 lower-case letters, digits and hyphens, beginning with a letter, such as kondado-log-sync."
  }
}

variable "project_id" {
  description = "The Google Cloud project that everything is created in. It must exist and have a billing account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be the id of a project, such as my-company-logs (not its number or its display name)."
  }
}

variable "region" {
  description = "The region of the function, its schedule and its images, and of the data unless dataset_location is set, such as southamerica-east1."
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
    condition     = try(contains(local.time_zones, var.schedule_time_zone), true)
    error_message = "schedule_time_zone must be a name of the IANA time zone database spelt as there, such as America/Sao_Paulo or UTC (not -03:00)."
  }
}

variable "time_budget_seconds" {
  description = "A run ends as partial before this is over, and the next one continues. The function itself is stopped after 1740 seconds."
  type        = number
  default     = 1500
  nullable    = false

  validation {
    condition = (
      var.time_budget_seconds == floor(var.time_budget_seconds) && var.time_budget_seconds >= 60 && var.time_budget_seconds <= 1680
    )
    error_message = "time_budget_seconds must be a whole number from 60 to 1680."
  }
}

variable "verify_schedule" {
  description = "When the last seven days are read again and compared, in cron format, at a time when no other run is under way. Null: never."
  type        = string
  default     = "37 3 * * *"

  validation {
    condition     = var.verify_schedule == null ? true : can(regex("^[^\\s]+( [^\\s]+){4}$", var.verify_schedule))
    error_message = "verify_schedule must be the five fields of cron with one space between them, such as 37 3 * * * (at 3:37), or null."
  }
}

variable "vpc" {
  description = "VPC network for all traffic that leaves the function, for instance to have a fixed address through Cloud NAT. Null: none."
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

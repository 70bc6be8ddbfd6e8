# Who is told, and when.

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
  description = "Used share of the plan, in percent, from which an alert is sent, beside the one when its limit comes in sight. Null: none."
  type        = number
  default     = null

  validation {
    condition     = try(var.alert_plan_percent == null || (var.alert_plan_percent > 0 && var.alert_plan_percent <= 100), true)
    error_message = "alert_plan_percent must be a number above 0 and up to 100, such as 80, or null for no such alert."
  }
}

variable "alert_silence_hours" {
  description = "Hours without a run that succeeded or progressed after which an alert is sent, longer than between two runs. 0: no such alert."
  type        = number
  default     = 3
  nullable    = false

  # Longer windows are a preview in Cloud Monitoring.
  validation {
    condition = (
      var.alert_silence_hours == floor(var.alert_silence_hours) && var.alert_silence_hours >= 0 && var.alert_silence_hours <= 24
    )
    error_message = "alert_silence_hours must be a whole number from 0 (no alert) to 24."
  }
}

variable "language" {
  description = "In which language mails, log lines and the page are: en or pt-BR."
  type        = string
  default     = "en"
  nullable    = false

  validation {
    condition     = contains(["en", "pt-BR"], var.language)
    error_message = "language must be en or pt-BR."
  }
}

variable "muted_models" {
  description = "Ids of models that nobody wants to be told about. The views judge them all the same."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.muted_models : can(regex("^[0-9]{1,18}$", id))])
    error_message = "muted_models must be whole numbers, such as [\"1234\", \"5678\"]."
  }
}

variable "muted_pipelines" {
  description = "Ids of pipelines that nobody wants to be told about. The views judge them all the same."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.muted_pipelines : can(regex("^[0-9]{1,18}$", id))])
    error_message = "muted_pipelines must be whole numbers, such as [\"1234\", \"5678\"]."
  }
}

variable "notification_channels" {
  description = "Channels of Cloud Monitoring that get the alerts beside alert_emails, such as Slack or PagerDuty, by their full names."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([for name in var.notification_channels :
      can(regex("^projects/[^/]+/notificationChannels/[0-9]+$", name))
    ])
    error_message = "notification_channels must be full names, such as [\"projects/my-project/notificationChannels/1234\"]."
  }
}

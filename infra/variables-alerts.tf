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
  description = "Used share of the plan, in percent, from which an alert is sent. Needs plan_records_per_month."
  type        = number
  default     = 80
  nullable    = false

  validation {
    condition     = var.alert_plan_percent > 0 && var.alert_plan_percent <= 100
    error_message = "alert_plan_percent must be a number above 0 and up to 100, such as 80."
  }
}

variable "alert_silence_hours" {
  description = "Hours without a successful run after which an alert is sent, longer than between two scheduled runs. 0: no such alert."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition = (
      var.alert_silence_hours == floor(var.alert_silence_hours) && var.alert_silence_hours >= 0 && var.alert_silence_hours <= 168
    )
    error_message = "alert_silence_hours must be a whole number from 0 (no alert) to 168."
  }
}

# What the mails say, in each language: the fact as the subject, then the reason and what to do.
# $${log.extracted_label.NAME} is filled in by Cloud Monitoring, from the log line.

locals {
  _see_page  = "`gcloud run services proxy ${var.name} --project=${var.project_id} --region=${var.region} --port=8080`"
  _check     = "`terraform -chdir=infra output -raw check`"
  _object    = "$${log.extracted_label.pipeline_name}$${log.extracted_label.model_name}" # a line has one, the other is empty
  _object_id = "$${log.extracted_label.pipeline_id}$${log.extracted_label.model_id}"

  alert_texts = {
    en = {
      back = {
        title   = "a pipeline runs again"
        subject = "${local._object} runs again"
        text    = <<-EOT
          The pipeline or model ${local._object} (id ${local._object_id}, client $${log.extracted_label.client_id}), which was
          overdue, has finished again. There is nothing to do. In Kondado: $${log.extracted_label.link}
        EOT
      }
      events = {
        title   = "events are not published"
        subject = "Events are not published: $${log.extracted_label.code}"
        text    = <<-EOT
          What waits for executions to finish is not told ($${log.extracted_label.code}). The rows are stored, and the next run
          publishes first what is left of the last 24 hours; older events are lost. The log line events_failed says what is
          wrong and what to do; ${local._check} prints the command that looks at the topic too.
        EOT
      }
      failed = {
        title   = "a run failed"
        subject = "A run failed: $${log.extracted_label.error_code}"
        text    = <<-EOT
          A run ended with $${log.extracted_label.error_code}. Nothing that is stored is lost: the next run continues from there.
          The log line sync_finished says what went wrong, where, and what to do; ${local._check} prints the command that looks at
          everything that a run needs. The same error mails again after a day at the earliest. If it lasts, the alert about no
          progress opens too, and tells when runs succeed again.
        EOT
      }
      loss = {
        title   = "logs will be lost"
        subject = "Kondado will delete logs of $${log.extracted_label.stream} before they are copied"
        text    = <<-EOT
          The copy of $${log.extracted_label.stream} is so far behind, and advances so slowly, that Kondado will delete logs before
          they are read. The log line loss_expected says from when on. Fix what makes runs fail, or set enable_continuation = true.
        EOT
      }
      overdue = {
        title   = "a pipeline is overdue or fails"
        subject = "${local._object} is overdue or fails"
        text    = <<-EOT
          ${local._object} (id ${local._object_id}, client $${log.extracted_label.client_id}) has not finished by the time it usually
          does, or Kondado says that it fails. $${log.extracted_label.reason}

          Look at it in Kondado: $${log.extracted_label.link}. Another mail tells when one that was overdue runs again. Those that
          nobody wants to hear of go into muted_pipelines or muted_models.
        EOT
      }
      plan = {
        title   = "the plan's limit is near"
        subject = "The Kondado plan is used up on $${log.extracted_label.limit_date}"
        text    = <<-EOT
          At its present pace the plan's records are used up on $${log.extracted_label.limit_date}, before the month ends; Kondado
          then pauses every pipeline. The log line plan_usage has the figures, the page says who uses how much. Let large
          pipelines run less often, or ask Kondado for a larger plan: $${log.extracted_label.link}
        EOT
      }
      plan_share = {
        title   = "much of the plan is used"
        subject = "${coalesce(var.alert_plan_percent, 0)} % or more of the Kondado plan is used"
        text    = <<-EOT
          ${coalesce(var.alert_plan_percent, 0)} % (alert_plan_percent) or more of the plan's records of $${log.extracted_label.month}
          are used. The log line plan_usage says whether the rest lasts, the page who uses how much.
        EOT
      }
      rejected = {
        title   = "rows were set aside"
        subject = "Rows of $${log.extracted_label.stream} were set aside"
        text    = <<-EOT
          Rows of $${log.extracted_label.stream} could not be stored and are in the table rejected_rows. Its column reason says why.
          The others were stored.
        EOT
      }
      repaired = {
        title   = "rows were missing"
        subject = "Rows of $${log.extracted_label.stream} were missing, and are stored now"
        text    = <<-EOT
          A verification found that rows of $${log.extracted_label.stream} were missing in BigQuery, and stored them. The log line
          rows_repaired names the range of ids and the count. Somebody or something may have deleted them.
        EOT
      }
      scheduler = {
        title   = "the schedule could not start a run"
        subject = "The schedule could not start a run: $${log.extracted_label.status}"
        text    = <<-EOT
          Cloud Scheduler got no answer of the function ($${log.extracted_label.status}): it could not be reached, was not allowed
          to start it, or the run took too long. Look at the logs of the function, and whether the account ${var.name}-sched may
          still invoke it; `terraform -chdir=infra plan` shows what somebody has changed.
        EOT
      }
      silence = {
        title   = "no progress for ${var.alert_silence_hours} hours"
        subject = "No progress for ${var.alert_silence_hours} hours"
        text    = <<-EOT
          No run has succeeded or progressed for ${var.alert_silence_hours} hours: runs fail or stand still, the function does not
          start, or the schedule was switched off. ${local._check} prints the command that says what is wrong, and
          `gcloud scheduler jobs describe ${var.name} --project=${var.project_id} --location=${var.region}` whether the schedule is
          on. Kondado deletes logs after 90 days, so there is time to fix it. Another mail tells when runs progress again.
          Right after the first apply this only means that no run has ended yet.
        EOT
      }
      footer = "The page: ${local._see_page}, then http://localhost:8080"
      logs   = "Logs of the function"
    }

    pt-BR = {
      back = {
        title   = "um pipeline voltou a rodar"
        subject = "${local._object} voltou a rodar"
        text    = <<-EOT
          O pipeline ou modelo ${local._object} (id ${local._object_id}, cliente $${log.extracted_label.client_id}), que estava
          atrasado, terminou de novo. Não há nada a fazer. Na Kondado: $${log.extracted_label.link}
        EOT
      }
      events = {
        title   = "eventos não foram publicados"
        subject = "Eventos não foram publicados: $${log.extracted_label.code}"
        text    = <<-EOT
          Quem espera pelo fim das execuções não está sendo avisado ($${log.extracted_label.code}). As linhas estão gravadas, e a
          próxima execução publica primeiro o que ficou das últimas 24 horas; eventos mais antigos se perdem. A linha de log
          events_failed diz o que está errado e o que fazer; ${local._check} mostra o comando que verifica também o tópico.
        EOT
      }
      failed = {
        title   = "uma execução falhou"
        subject = "Uma execução da cópia falhou: $${log.extracted_label.error_code}"
        text    = <<-EOT
          Uma execução da cópia terminou com $${log.extracted_label.error_code}. Nada do que está gravado se perde: a próxima
          execução continua dali. A linha de log sync_finished diz o que aconteceu, onde, e o que fazer; ${local._check} mostra o
          comando que verifica tudo de que uma execução precisa. O mesmo erro só envia outro e-mail depois de um dia. Se ele
          persistir, o alerta de falta de progresso também é aberto, e avisa quando as execuções voltarem a dar certo.
        EOT
      }
      loss = {
        title   = "logs serão perdidos"
        subject = "A Kondado vai apagar logs de $${log.extracted_label.stream} antes que sejam copiados"
        text    = <<-EOT
          A cópia de $${log.extracted_label.stream} está tão atrasada, e avança tão devagar, que a Kondado vai apagar logs antes que
          sejam lidos. A linha de log loss_expected diz a partir de quando. Corrija o que faz as execuções falharem, ou defina
          enable_continuation = true.
        EOT
      }
      overdue = {
        title   = "um pipeline está atrasado ou falhando"
        subject = "${local._object} está atrasado ou falhando"
        text    = <<-EOT
          ${local._object} (id ${local._object_id}, cliente $${log.extracted_label.client_id}) não terminou no horário de costume,
          ou a Kondado diz que está falhando. $${log.extracted_label.reason}

          Verifique na Kondado: $${log.extracted_label.link}. Outro e-mail avisa quando um atrasado voltar a rodar. Os que não
          interessam a ninguém vão em muted_pipelines ou muted_models.
        EOT
      }
      plan = {
        title   = "o limite do plano está próximo"
        subject = "O plano da Kondado se esgota em $${log.extracted_label.limit_date}"
        text    = <<-EOT
          No ritmo atual, os registros do plano se esgotam em $${log.extracted_label.limit_date}, antes do fim do mês; a Kondado então
          pausa todos os pipelines. A linha de log plan_usage traz os números, e a página mostra quem usa quanto. Rode os pipelines
          grandes com menos frequência, ou peça um plano maior à Kondado: $${log.extracted_label.link}
        EOT
      }
      plan_share = {
        title   = "grande parte do plano foi usada"
        subject = "${coalesce(var.alert_plan_percent, 0)} % ou mais do plano da Kondado foi usado"
        text    = <<-EOT
          ${coalesce(var.alert_plan_percent, 0)} % (alert_plan_percent) ou mais dos registros do plano de
          $${log.extracted_label.month} foram usados. A linha de log plan_usage diz se o resto basta, e a página quem usa quanto.
        EOT
      }
      rejected = {
        title   = "linhas foram separadas"
        subject = "Linhas de $${log.extracted_label.stream} foram separadas"
        text    = <<-EOT
          Linhas de $${log.extracted_label.stream} não puderam ser gravadas e estão na tabela rejected_rows. A coluna reason diz por
          quê. As outras foram gravadas.
        EOT
      }
      repaired = {
        title   = "faltavam linhas"
        subject = "Faltavam linhas de $${log.extracted_label.stream}, que agora estão gravadas"
        text    = <<-EOT
          Uma verificação descobriu que faltavam linhas de $${log.extracted_label.stream} no BigQuery, e as gravou. A linha de log
          rows_repaired traz o intervalo de ids e a quantidade. Alguém ou algo pode tê-las apagado.
        EOT
      }
      scheduler = {
        title   = "o agendamento não conseguiu iniciar uma execução"
        subject = "O agendamento não conseguiu iniciar uma execução: $${log.extracted_label.status}"
        text    = <<-EOT
          O Cloud Scheduler não recebeu resposta da função ($${log.extracted_label.status}): ela estava inacessível, o agendamento não
          tinha permissão, ou a execução demorou demais. Veja os logs da função, e se a conta ${var.name}-sched ainda pode
          invocá-la; `terraform -chdir=infra plan` mostra o que alguém mudou.
        EOT
      }
      silence = {
        title   = "nenhum progresso há ${var.alert_silence_hours} horas"
        subject = "Nenhum progresso há ${var.alert_silence_hours} horas"
        text    = <<-EOT
          Nenhuma execução deu certo ou avançou há ${var.alert_silence_hours} horas: as execuções falham ou não avançam, a função não
          inicia, ou o agendamento foi desligado. ${local._check} mostra o comando que diz o que está errado, e
          `gcloud scheduler jobs describe ${var.name} --project=${var.project_id} --location=${var.region}` se o agendamento está
          ligado. A Kondado apaga os logs depois de 90 dias, então há tempo para corrigir. Outro e-mail avisa quando as execuções
          voltarem a avançar. Logo depois do primeiro apply isto só significa que nenhuma execução terminou ainda.
        EOT
      }
      footer = "A página: ${local._see_page}, depois http://localhost:8080"
      logs   = "Logs da função"
    }
  }
}

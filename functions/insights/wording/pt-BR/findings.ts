import type { Catalogue } from '../en/en.ts';
import type { Formats } from '../formats.ts';

/** What needs attention, and why. */
export function findings(f: Formats): Catalogue['findings'] {
  const { count, interval, plural, roughTime, time } = f;
  const last = (moment: Date | null) => (moment === null ? '' : ` A última execução foi em ${time(moment)}.`);
  const every = (minutes: number | null) =>
    minutes === null ? 'Era esperado' : `Costuma rodar a cada ${interval(minutes)} e era esperado`;
  const due = (usualMinutes: number | null, expectedBy: Date | null, overdueMinutes: number | null) =>
    every(usualMinutes) +
    `${expectedBy === null ? '' : ` até ${time(expectedBy)}`}` +
    `${overdueMinutes === null ? '' : `: atraso de ${roughTime(overdueMinutes)}`}.`;
  const seen = (since: Date | null) => (since === null ? '' : ` (desde ${time(since)} ou antes)`);
  const said = (message: string | null) => (message === null ? '.' : `: “${message}”`);

  return {
    pipeline: (id) => `pipeline ${id ?? 'sem id'}`,
    model: (id) => `modelo ${id ?? 'sem id'}`,
    source: (stream, clientId) => (clientId === null ? stream : `${stream} do cliente ${clientId}`),
    pipelineNamed: (name) => `pipeline ${name}`,
    modelNamed: (name) => `modelo ${name}`,
    activePipelines: 'pipelines ativos',
    kinds: {
      on_time: ['em dia', 'em dia'],
      late: ['atrasado', 'atrasados'],
      silent: ['em silêncio', 'em silêncio'],
      stopped: ['parado', 'parados'],
      new: ['novo', 'novos'],
      irregular: ['irregular', 'irregulares'],
      unknown: ['desconhecido', 'desconhecidos'],
      sync_failing: ['sincronização falhando', 'sincronizações falhando'],
      sync_stale: ['sincronização parada', 'sincronizações paradas'],
      sync_loading: ['primeira leitura', 'primeiras leituras'],
      loss_ahead: ['perda à vista', 'perdas à vista'],
      loss: ['perda de dados', 'perdas de dados'],
      unreadable: ['ilegível', 'ilegíveis'],
      set_aside: ['com linhas separadas', 'com linhas separadas'],
      hole: ['lacuna', 'lacunas'],
      plan: ['plano', 'plano'],
      unexpected_zero: ['sem registros', 'sem registros'],
      volume_spike: ['muitos registros', 'com muitos registros'],
      volume_drop: ['poucos registros', 'com poucos registros'],
      slow: ['lento', 'lentos'],
      failing: ['falhando', 'falhando'],
      blocked: ['bloqueado', 'bloqueados'],
      switched_off: ['desligado', 'desligados'],
    },
    notices: (number) => plural(number, 'aviso', 'avisos'),

    silence: {
      gone: (since) =>
        `A Kondado não o conhece mais${seen(since)}: foi excluído, ou a chave não tem acesso a ele.`,
      switched_off: (since, message) => `Está desligado na Kondado${seen(since)}${said(message)}`,
      plan_used_up: () =>
        'Os registros do plano se esgotaram antes do horário esperado: nesse caso a Kondado pausa os pipelines.',
      blocked: (since, message) => `A Kondado o bloqueou${seen(since)}${said(message)}`,
      failing: (since, message) => `Está falhando na Kondado${seen(since)}${said(message)}`,
      building: (since, message) => `A Kondado está criando as tabelas dele${seen(since)}${said(message)}`,
      draft: (since, message) => `Não está publicado na Kondado${seen(since)}${said(message)}`,
      ok: () => 'Na última consulta, a Kondado não apontou nenhum problema.',
    },
    lastExecution: last,
    switchedOff: (names) => `Desligados na Kondado: ${f.list(names)}.`,
    pausedPipelines: (number) => plural(number, 'pipeline', 'pipelines'),
    pausedByPlan: (since, names) =>
      `O plano está esgotado${since === null ? '' : ` desde ${f.longDay(since)}`}, e nesse caso a Kondado pausa os pipelines: ${f.list(names)}.`,
    overdueSince: (usual, expectedBy, overdue, lastAt) => due(usual, expectedBy, overdue) + last(lastAt),
    stopped: (usual, lastAt) =>
      `Não roda há muito tempo${usual === null ? '' : `; costumava rodar a cada ${interval(usual)}`}.${last(lastAt)}`,

    syncFailing: (minutes, code) =>
      `A última execução falhou${code === null ? '' : ` com ${code}`}; ` +
      `${minutes === null ? 'nenhuma deu certo ainda' : `nenhuma dá certo há ${roughTime(minutes)}`}.`,
    syncStale: (minutes) =>
      `${minutes === null ? 'Nenhuma execução deu certo ainda' : `Nenhuma execução dá certo há ${roughTime(minutes)}`}: ` +
      'o que aconteceu desde então não se sabe aqui.',
    syncLoading: 'Ainda não foi lido até o fim: antes disso nada é avaliado.',
    lossAhead: (minutes) => `Em ${roughTime(minutes)} a Kondado apaga linhas que ainda não foram copiadas.`,
    loss: 'A Kondado começou a apagar linhas que não foram copiadas.',
    unreadable: (code) => `Não foi possível ler (${code}): essa parte falta aqui. O resto está completo.`,
    setAside: (rows) =>
      `${plural(rows, 'linha', 'linhas')} dos últimos 7 dias não ${rows === 1 ? 'pôde ser gravada' : 'puderam ser gravadas'}; ` +
      'a tabela rejected_rows tem os motivos.',
    hole: (lastId, nextId) =>
      `Não há prova de que os ids entre ${lastId} e ${nextId} foram lidos: um backfill com from_id ${lastId} fecha a lacuna.`,
    morePipelinesThanPlan: (active, plan) =>
      `${count(active)} pipelines rodaram nos últimos 30 dias; o plano tem ${count(plan)}.`,
    anomaly: (amount, usual, more, days) =>
      `${amount}${usual === null ? '' : `, normalmente ${usual}`}` +
      `${more === 0 ? '' : `; mais ${plural(more, 'caso parecido', 'casos parecidos')} nos últimos ${count(days)} dias`}.`,
    records: (number) => plural(number, 'registro', 'registros'),
    muted: (number, settings) => `Mais ${plural(number, 'silenciado', 'silenciados')} (${settings}).`,

    overdue: (subject, kind, reason, link) =>
      `O ${subject} está ${kind}. ${reason} (${f.timeZone})${link === null ? '' : ` ${link}`}`,
    overdueMany: (number, areMore) =>
      `${areMore ? `Mais ${count(number)}` : count(number)} em atraso, veja a página.`,
    overdueByPlan: (number, since, names, link) =>
      `${plural(number, 'pipeline atrasou', 'pipelines atrasaram')} porque o plano está esgotado` +
      `${since === null ? '' : ` desde ${f.longDay(since)}`}: ${f.list(names)}. Nesse caso a Kondado pausa os pipelines. ${link}`,
    failing: (subject, kind, reason, link) =>
      `O ${subject} está ${kind}, embora ainda não esteja atrasado. ${reason} (${f.timeZone})${link === null ? '' : ` ${link}`}`,
    failingMany: (number) =>
      `Mais ${plural(number, 'começou a falhar', 'começaram a falhar')}, veja a página.`,
    others: (number) => `mais ${count(number)}`,
    back: (subject, lastAt, link) =>
      `O ${subject} voltou: terminou em ${time(lastAt)} (${f.timeZone}).${link === null ? '' : ` ${link}`}`,
    backMany: (number) => `Mais ${plural(number, 'voltou', 'voltaram')}, veja a página.`,
    alertsSkipped: (reason) => `O plano e os pipelines em atraso não foram verificados: ${reason}`,
    noTimeLeft: 'não sobrou tempo. Aumente TIME_BUDGET_SECONDS se acontecer de novo.',
  };
}

import type { Catalogue } from '../en/en.ts';
import type { Formats } from '../formats.ts';

/** Titles, notes and labels of the page. */
export function page(f: Formats): Catalogue['page'] {
  const { count, plural, percent, roughCount, shortDay, longDay } = f;
  return {
    name: 'Logs da Kondado',
    nothingToDo: 'Nada pede atenção.',
    attention: 'Pede atenção',
    attentionPrefix: (counts) => `: ${counts}.`,
    nothing: 'Nada.',
    switchedOff: 'Desligados na Kondado',
    notBeforeLoaded: 'Os pipelines e modelos só são avaliados depois que todos os logs forem lidos.',
    moreItems: (more) => plural(more, 'item a mais', 'itens a mais'),
    partMissing: (code) =>
      `Não foi possível ler esta parte (${code}); recarregue a página mais tarde ou rode npm run doctor.`,
    client: 'Cliente',
    ofClient: (id) => `cliente ${id}`,
    id: (id) => `id ${id}`,
    openInKondado: 'abrir na Kondado',
    asOf: 'Situação de',
    timeZone: (zone) => `Dias e horários no fuso ${zone}.`,
    oldTimeZone: 'As views cortam os dias em outro fuso: aplique o Terraform, que as refaz.',
    oldPlan:
      'As views foram feitas com outro plano e não dizem o dia do limite: aplique o Terraform, que as refaz.',

    monthTitle: (month) => `Registros cobrados em ${f.monthOf(month)}`,
    byDay: 'Por dia, em tabela',
    day: 'Dia',
    records: 'Registros',
    monthSoFar: 'Mês até aqui',
    limitOn: (day) => `limite em ${shortDay(day)}`,
    planLabel: (records) => `plano ${roughCount(records)}`,
    soFar: (records) => `Até aqui: ${records}`,
    forecast: (records, low, high) =>
      `Previsão: ${records}; em 4 de cada 5 casos, de ${roughCount(low)} a ${roughCount(high)}`,
    plan: (records) => `Plano: ${count(records)}`,
    ofPlan: (records, share) =>
      share === null ? roughCount(records) : `${roughCount(records)} (${percent(share)})`,
    chart: (reached, end, plan, limitDay) =>
      [
        `Gráfico de linha do mês: ${plural(reached, 'registro cobrado', 'registros cobrados')} até aqui`,
        end === null ? '' : `; a previsão para o fim do mês é de ${count(end)}`,
        plan === null ? '' : `; o plano tem ${count(plan)}`,
        limitDay === null ? '' : `; limite atingido: ${longDay(limitDay)}`,
        '.',
      ].join(''),

    usage: 'Quem usa o plano',
    usageNote: (isOfPlan) =>
      `Registros cobrados neste mês; a parcela é ${isOfPlan ? 'do plano' : 'do mês, porque o plano não é conhecido'}. ` +
      'A variação é em relação aos mesmos dias do mês passado.',
    noUsage: 'Ainda não há registros cobrados neste mês.',
    monthUnknown: 'Nada se sabe deste mês.',
    pipeline: 'Pipeline',
    model: 'Modelo',
    models: 'Modelos',
    shareOfPlan: 'Do plano',
    shareOfMonth: 'Do mês',
    change: 'Variação',
    isNew: 'novo',
    lastMonth: 'Mês passado',
    morePipelines: (more) => `mais ${plural(more, 'pipeline', 'pipelines')}`,
    moreModels: (more) => `mais ${plural(more, 'modelo', 'modelos')}`,

    executions: 'Execuções',
    executionsNote: (from, to) =>
      `Uma coluna por dia, de ${shortDay(from)} a ${shortDay(to)}: quanto mais forte a cor, mais execuções, ` +
      'em relação ao dia mais cheio do próprio pipeline; ' +
      'um traço fino é um dia sem nenhuma; onde não há nada, o pipeline ainda não existia ou nada se sabe. ' +
      'A curva embaixo é a duração mediana. No prazo: das execuções esperadas em 30 dias. ' +
      'Com falha: do tempo de 30 dias observado na Kondado, a parte em que ela disse falha ou bloqueio.',
    noExecutions: 'Nenhum pipeline rodou nos últimos 90 dias.',
    last90Days: 'Últimos 90 dias',
    executionsOn: (executions, days, without) =>
      `${plural(executions, 'execução', 'execuções')} em ${plural(days, 'dia', 'dias')}, ` +
      `${plural(without, 'dia', 'dias')} sem nenhuma`,
    lastExecution: 'Última execução',
    nextExpected: 'Próxima até',
    runsEvery: 'Roda a cada',
    onTime: 'No prazo',
    failing: 'Com falha',
    usuallyTakes: 'Costuma levar',
    lastTook: 'A última levou',
    emptyInARow: (executions) => `${count(executions)} seguidas sem registros`,

    sync: 'A própria sincronização',
    syncHealth: { ok: 'em ordem', failing: 'falhando', stale: 'parada', loading: 'lendo' },
    stream: 'Log',
    state: 'Situação',
    lastSuccess: 'Último sucesso',
    dataThrough: 'Dados até',
    knownThrough: 'Completos até',
    setAside: 'Linhas separadas',
    failedRuns: 'Falhas',
    idsRead: 'Ids lidos',
    syncNote: 'Linhas separadas e falhas: dos últimos 7 dias.',
    noRuns: 'Nenhuma execução da sincronização foi registrada ainda.',
    range: (first, last) => `${first} a ${last}`,
    ranges: (number) =>
      `${plural(number, 'faixa', 'faixas')}, portanto ${plural(number - 1, 'lacuna', 'lacunas')}`,
    lastRuns: 'Últimas sincronizações',
    started: 'Início',
    mode: 'Modo',
    outcome: 'Resultado',
    newRows: 'Linhas novas',
    requests: 'Requisições',
    deployed: (version) => `Esta página foi feita pela versão ${version}.`,
    lastRunBy: (version) => `A última sincronização foi da versão ${version}.`,

    errorTitle: 'Não foi possível montar a página',
    errorAdvice: 'Nada do que está gravado foi afetado. Recarregue a página quando isto estiver resolvido.',
  };
}

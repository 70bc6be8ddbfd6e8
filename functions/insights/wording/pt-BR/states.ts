import type { Catalogue } from '../en/en.ts';
import type { Formats } from '../formats.ts';

/** What is true now: the first sentence of the page, of the summary and of `plan_usage`. */
export function states(f: Formats): Catalogue['states'] {
  const { percent, count, longDay, longTime, roughTime } = f;
  const course = (share: number | null) => (share === null ? '' : `, em ritmo de chegar a ${percent(share)}`);
  const used = (share: number, projected: number | null) =>
    `${percent(share)} do plano consumido${course(projected)}`;
  const read = (share: number | null, through: Date | null) =>
    [
      share === null ? '' : ` ${percent(share)} dos 90 dias`,
      through === null ? '' : ` até ${f.dateOf(through)}`,
    ]
      .filter((part) => part !== '')
      .join(',');

  const clientsOf = (ids: readonly string[]) =>
    `${ids.length === 1 ? 'cliente' : 'clientes'} ${f.firstOf(ids)}`;
  const of = (ids: readonly string[] | null) =>
    ids === null ? '' : ` ${ids.length === 1 ? 'do' : 'dos'} ${clientsOf(ids)}`;
  const nothingNew = (since: Date, ids: readonly string[] | null) =>
    `Nada de novo${of(ids)} desde ${longTime(since)}: `;
  const notRun = (ids: readonly string[] | null) =>
    ids === null ? 'nenhuma sincronização roda' : `não ${ids.length === 1 ? 'é lido' : 'são lidos'}`;

  return {
    noLogs: 'Ainda não há logs gravados.',
    noLogsAdvice: (command, request) =>
      `Uma sincronização traz os logs: ${command} no computador, ${request} na função. ` +
      'A primeira lê até 90 dias, o que pode levar horas no limite de requisições da Kondado.',
    noExecutions: 'Ainda não há nenhuma execução de pipeline gravada.',
    loading: (share, through, minutesLeft) =>
      `Lendo os logs da Kondado:${read(share, through) || ' eles acabaram de começar a chegar'}` +
      `${minutesLeft === null ? '' : `, faltam cerca de ${roughTime(minutesLeft)}`}.`,
    loadingFailed: (share, through) =>
      `Lendo os logs da Kondado:${read(share, through) || ' nada gravado ainda'}; a última tentativa falhou.`,
    loadingPaused: (share, through, since) =>
      `Os logs da Kondado só foram lidos em parte:${read(share, through) || ' nada gravado ainda'}. ` +
      `Nenhuma sincronização rodou desde ${longTime(since)}.`,
    loadingNote:
      'Sem todos os logs lidos não há previsão nem situação dos pipelines: o que aparece aqui é só uma parte.',
    staleFailing: (since, clients, { code, at, minutes }) =>
      nothingNew(since, clients) +
      (minutes === null
        ? `a última execução ${code === null ? 'não avançou' : 'falhou'} (${longTime(at)}).`
        : `a sincronização ${code === null ? 'não avança' : 'está falhando'} há ${roughTime(minutes)}.`),
    staleIdle: (since, clients, minutes) =>
      nothingNew(since, clients) +
      (minutes === null ? 'a última execução não leu mais' : `${notRun(clients)} há ${roughTime(minutes)}`) +
      '.',
    staleCatchingUp: (since, clients, through) =>
      `Dados${of(clients)} completos só até ${longTime(since)}: a sincronização está recuperando o atraso` +
      `${through === null ? '' : ` e já leu até ${f.dateOf(through)}`}.`,
    staleNote: (since, clients) =>
      clients === null
        ? `Tudo o que está abaixo vale para ${longTime(since)}.`
        : `O que está abaixo${of(clients)} vale para ${longTime(since)}; os outros clientes estão em dia.`,
    clientsNotRead: (clients, setting) =>
      `Não há previsão porque ${clients.length === 1 ? 'o' : 'os'} ${clientsOf(clients)} não ` +
      `${clients.length === 1 ? 'é mais lido: não está' : 'são mais lidos: não estão'} em ${setting}.`,
    usedThen: (share) => `Até então, ${percent(share)} do plano tinha sido consumido.`,
    recordsThen: (records) =>
      `Até então, o mês tinha ${f.plural(records, 'registro cobrado', 'registros cobrados')}.`,
    advice: {
      CONFIG_INVALID: 'Confira as variáveis de ambiente: alguma tem um valor que não é aceito.',
      KONDADO_UNAUTHORIZED: 'Confira a chave de API e o token da Kondado: eles estão sendo recusados.',
      KONDADO_RATE_LIMITED:
        'Descubra o que mais usa a mesma chave ou o mesmo endereço: o limite de requisições não deixa nada para a sincronização.',
      KONDADO_UNAVAILABLE:
        'A Kondado não responde. A próxima execução tenta de novo; nada se perde durante 90 dias.',
      KONDADO_UNEXPECTED_RESPONSE:
        'A Kondado responde de um jeito desconhecido. As últimas linhas de sync_runs dizem o que veio.',
      WAREHOUSE_UNAVAILABLE: 'O banco de dados não responde. A próxima execução tenta de novo.',
      WAREHOUSE_REJECTED:
        'O banco de dados recusa: confira permissões, tabelas e cotas. As últimas linhas de sync_runs dizem mais.',
      SECRET_UNAVAILABLE: 'Confira se os segredos existem e se a função tem acesso a eles.',
    },
    otherAdvice: 'As últimas linhas de sync_runs e os logs da função dizem o que aconteceu.',
    idleAdvice: 'Inicie uma sincronização (npm run sync) ou confira o agendamento da função.',
    madeUp:
      'Dados fictícios: este é o sandbox embutido, não a sua conta. ' +
      'Defina KONDADO_API_KEY e KONDADO_TOKEN para ver os seus próprios logs.',
    unreadable: 'Não foi possível ler quanto do plano foi usado.',

    dayOf: (day, length) => `Dia ${count(day)} de ${count(length)}: `,
    limitUnknown: (records, projected, setting) =>
      `${f.plural(records, 'registro cobrado', 'registros cobrados')} neste mês` +
      `${projected === null ? '' : `, em ritmo de chegar a ${count(projected)}`}; ` +
      `o limite do plano não é conhecido: informe-o em ${setting}.`,
    usedUp: (since, share, projected) =>
      `o plano está esgotado${since === null ? '' : ` desde ${longDay(since)}`}` +
      `${projected === null ? `, com ${percent(share)}` : course(projected)}.`,
    limitAhead: (share, projected, limitDay) =>
      `${used(share, projected)}: o limite será atingido ${onDay(longDay(limitDay))}.`,
    limitThisMonth: (share, projected) =>
      `${used(share, projected)}: o limite será atingido neste mês; ainda não se sabe em que dia.`,
    mayReachLimit: (share, projected, high) =>
      `${used(share, projected)}: deve bastar, mas pode chegar a ${percent(high)}.`,
    lasts: (share, projected) => `${used(share, projected)}: dá até o fim do mês.`,
    noForecast: (share) => `${used(share, null)}; ainda não se sabe como o mês vai terminar.`,

    newest: (moment, minutes) => `Execução mais recente: ${moment}, há ${roughTime(minutes)}.`,
    newestBefore: 'Execução mais recente:',
    newestAfter: (minutes) => `, há ${roughTime(minutes)}.`,
    knownBefore: 'Dados completos até',
  };
}

/** `no domingo, 22 de novembro`, `na terça-feira, 17 de novembro` */
function onDay(date: string): string {
  return `${/^(?:sábado|domingo)/.test(date) ? 'no' : 'na'} ${date}`;
}

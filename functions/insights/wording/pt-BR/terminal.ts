import type { Catalogue } from '../en/en.ts';
import type { Formats } from '../formats.ts';

/** What `npm run sync` says. */
export function terminal(f: Formats): Catalogue['terminal'] {
  const { count, plural, seconds } = f;
  const rows = (number: number) => plural(number, 'linha nova gravada', 'linhas novas gravadas');
  return {
    failed: (mode, time, inserted) => `A execução (${mode}) falhou depois de ${time}; ${rows(inserted)}.`,
    dryRun: (time) => `Simulação, ${time}: nada foi gravado.`,
    interrupted: (time, inserted) => `Interrompido depois de ${time}; ${rows(inserted)}, nada se perdeu.`,
    partial: (time, inserted) => `Não deu para ler tudo em ${time}; ${rows(inserted)}, nada se perdeu.`,
    done: (time, inserted) => `Pronto em ${time}; ${rows(inserted)}.`,
    error: (_code, message, codeAndAdvice) => `${codeAndAdvice} Detalhe, em inglês: ${message}`,
    rejected: (number, query) =>
      `${plural(number, 'linha não pôde ser gravada e foi separada', 'linhas não puderam ser gravadas e foram separadas')}, ` +
      `veja: ${query}`,
    rateLimited: (hits) =>
      `O limite de requisições da Kondado foi atingido ${plural(hits, 'vez', 'vezes')}: ` +
      'parece que outro programa usa a mesma chave ou o mesmo endereço.',
    noMoreLetThrough: 'A Kondado não deixou passar mais.',
    nextRun: 'O próximo npm run sync continua a partir do que está gravado.',
    continueWith: (command) => `Continue com: ${command}`,

    unreadable: (path, page, reason) =>
      `Os dados estão em ${path}. Não foi possível fazer o resumo e ${page}: ${reason}`,
    inBigQuery: (dataset) => `Os dados estão no BigQuery, dataset ${dataset}. Consulte com:`,
    inFile: (path) => `Os dados estão em ${path}`,
    page: (page) => `A página é ${page}: abra no navegador. Ou consulte:`,
    timesUtc: 'Horários em UTC.',
    timesOf: (zone) => `Horários no fuso ${zone}.`,
    createdBetween: (oldest, newest) => `${oldest} a ${newest} UTC`,
    ahead: (number) => `mais ${plural(number, 'linha', 'linhas')} com data futura`,
    attention: 'Pede atenção',
    moreItems: (more, page) => `e ${plural(more, 'item a mais', 'itens a mais')}, veja ${page}`,
    usage: (month, zone) => `Registros cobrados em ${f.monthOf(month)} (${zone})`,
    noneYet: 'nenhum ainda',
    pipeline: 'pipeline',
    client: 'cliente',
    records: 'registros',
    ofPlan: (records) => `do plano de ${count(records)}`,
    ofMonth: 'do mês',
    others: (number) => plural(number, 'outro', 'outros'),
    all: 'total',

    titles: {
      stream: 'log',
      outcome: 'resultado',
      inserted: 'novas',
      duplicate: 'repetidas',
      rejected: 'separadas',
      ids: 'ids',
      dataThrough: 'dados até (UTC)',
      requests: 'requisições',
      time: 'tempo',
      rows: 'linhas',
      storedAlready: 'já gravadas',
      runs: 'execuções',
    },

    usesSandbox:
      'Sem credenciais da Kondado no ambiente: usando o sandbox embutido, uma empresa fictícia. ' +
      'Defina KONDADO_API_KEY e KONDADO_TOKEN para ver os seus próprios logs.',
    stopping: 'parando; aperte Ctrl-C de novo para encerrar na hora',
    read: (rows, requests) =>
      `${plural(rows, 'linha', 'linhas')}, ${plural(requests, 'requisição', 'requisições')}`,
    pace: (rowsPerSecond) => `${rowsPerSecond} linhas/s`,
    reading: 'lendo',
    afterLogs: 'todos os logs lidos, agora os status e os alertas',
    left: (time) => `faltam cerca de ${time}`,
    waiting: (secondsLeft) => `esperando ${seconds(secondsLeft)} pelo limite da Kondado`,
  };
}

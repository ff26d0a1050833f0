//! `bun run dlq`: looks after dead letters of the running services. They do the work; a store has one process that writes it.
import { parseArgs } from 'node:util'
import { type NatsConnection, NoRespondersError, RequestError, TimeoutError } from '@nats-io/transport-node'
import { type AdminReply, adminSubject, deadLetterVerbs, listedMax } from '../runtime/messages/admin.ts'
import type { DeadLetter, DeadLetterSummary, Settled } from '../runtime/messages/dead-letters.ts'
import { natsUrl, reach, Told } from './nats/reach.ts'

const usage = `bun run dlq list [service]              what failed, and what waits behind it
bun run dlq show <service> <id>        one of them, with its data
bun run dlq replay <service> <id>      handle it again, and then what waits behind it
bun run dlq skip <service> <id>        give it up, and go on with what waits behind it

  --data DIR   the data folder of the running shop (default: $DATA_DIR, or .data); or set NATS_URL
  --json       the answer as it came
`

const replyTimeoutMs = 30_000
/** How long the first answer may take, and how long after one the next: a service that is busy reads dead letters too. */
const [gatherMs, betweenMs] = [3_000, 500]

async function main(): Promise<void> {
  const { values, positionals } = argumentsOf(process.argv.slice(2))
  if (values.help) return console.log(usage)
  const [word, service, id] = positionals
  const verb = deadLetterVerbs.find((each) => each === word)
  if (verb === undefined) throw new Told(usage)
  if (verb !== 'list' && (service === undefined || id === undefined)) throw new Told(usage)
  if (service !== undefined && !/^[a-z][a-z0-9-]*$/.test(service))
    throw new Told(`no service is called ${service}`)
  const connection = await reach(await natsUrl(values.data), 'dlq')
  try {
    if (verb === 'list') {
      const replies =
        service === undefined ? await askAll(connection) : [await ask(connection, service, 'list', {})]
      print(values.json, replies, lettersText)
    } else {
      const reply = await ask(connection, service ?? '', verb, { id })
      if (!reply.ok) throw new Told(`${reply.service}: ${reply.message}`)
      print(values.json, reply, verb === 'show' ? letterText : settledText)
    }
  } finally {
    await connection.close()
  }
}

function argumentsOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    if (error instanceof TypeError) throw new Told(`${error.message}\n\n${usage}`, { cause: error })
    throw error
  }
}

async function ask(
  connection: NatsConnection,
  service: string,
  verb: (typeof deadLetterVerbs)[number],
  request: object,
): Promise<AdminReply> {
  const subject = adminSubject(service, verb)
  try {
    const reply = await connection.request(subject, JSON.stringify(request), { timeout: replyTimeoutMs })
    return reply.json<AdminReply>()
  } catch (error) {
    const nobody =
      error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders())
    if (nobody) throw new Told(`${service} does not run here, or reads no facts`)
    if (error instanceof TimeoutError)
      throw new Told(`${service} did not answer within ${replyTimeoutMs / 1000} s`)
    throw error
  }
}

/** Every service that runs answers once. */
async function askAll(connection: NatsConnection): Promise<AdminReply[]> {
  const subject = adminSubject('all', 'list')
  try {
    const patience = { maxWait: gatherMs, strategy: 'stall', stall: betweenMs } as const
    const gathered = await Array.fromAsync(await connection.requestMany(subject, '{}', patience))
    if (gathered.length === 0) throw new Told(`no service answered within ${gatherMs / 1000} s`)
    return gathered
      .map((reply) => reply.json<AdminReply>())
      .sort((a, b) => a.service.localeCompare(b.service))
  } catch (error) {
    const nobody =
      error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders())
    if (nobody) throw new Told('no service runs here that reads facts')
    throw error
  }
}

function print<T>(json: boolean, reply: T, text: (reply: T) => string): void {
  console.log(json ? JSON.stringify(reply, undefined, 2) : text(reply))
}

function lettersText(replies: readonly AdminReply[]): string {
  const refused = replies.filter((reply) => !reply.ok).map((reply) => `${reply.service}: ${reply.message}`)
  const rows = replies.flatMap((reply) =>
    ((reply.letters ?? []) as readonly DeadLetterSummary[]).map((letter) => [
      reply.service,
      letter.state,
      letter.type,
      letter.key,
      letter.id,
      `${letter.attempts}`,
      new Date(letter.moment).toISOString(),
      letter.state === 'parked' ? '' : (letter.reason.split('\n')[0] ?? '').slice(0, 80),
    ]),
  )
  if (rows.length === 0)
    return [...refused, `no dead letters (${replies.map((reply) => reply.service).join(', ')})`].join('\n')
  const head = ['SERVICE', 'STATE', 'TYPE', 'KEY', 'ID', 'TRIES', 'SINCE', 'REASON']
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  const full = replies.filter(
    (reply) => (reply.letters as readonly unknown[] | undefined)?.length === listedMax,
  )
  const more = full.map((reply) => `${reply.service} may have more than these ${listedMax}`)
  return [...refused, ...[head, ...rows].map(line), ...more].join('\n')
}

function letterText({ letter }: AdminReply): string {
  const { data, headers, ...about } = letter as DeadLetter
  const pairs = (record: object) => Object.entries(record).map(([name, value]) => `${name}: ${value}`)
  return [
    ...pairs({ ...about, moment: new Date(about.moment).toISOString() }),
    '',
    ...pairs(headers),
    '',
    data,
  ].join('\n')
}

function settledText(reply: AdminReply): string {
  const { replayed, failedAt } = reply as unknown as Extract<Settled, { ok: true }>
  const done = `${replayed} handled`
  return failedAt === undefined
    ? `${done}; nothing of its key waits any more`
    : `${done}; then ${failedAt.id} failed: ${failedAt.reason}`
}

if (import.meta.main) {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof Told)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

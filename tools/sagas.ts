//! `bun run sagas`: orders whose saga is not over: what hangs, where, and how often it was tried in vain.
import { parseArgs } from 'node:util'
import { type NatsConnection, RequestError, TimeoutError } from '@nats-io/transport-node'
import type { ReplyOf } from '../contracts/rpc/define.ts'
import { ListSagas } from '../contracts/rpc/loms.ts'
import { natsUrl, reach, Told } from './nats/reach.ts'

const usage = `bun run sagas                 sagas that are not over, the oldest first

  --data DIR   the data folder of the running shop (default: $DATA_DIR, or .data); or set NATS_URL
  --json       the answer as it came
`
const listedMax = 200
const replyTimeoutMs = 5_000

type Listed = ReplyOf<typeof ListSagas>['sagas']

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return console.log(usage)
  const connection = await reach(await natsUrl(values.data), 'sagas')
  try {
    const sagas = await listed(connection)
    console.log(values.json ? JSON.stringify(sagas, undefined, 2) : textOf(sagas))
  } finally {
    await connection.close()
  }
}

async function listed(connection: NatsConnection): Promise<Listed> {
  try {
    const request = JSON.stringify({ limit: listedMax })
    const reply = await connection.request(ListSagas.subject, request, { timeout: replyTimeoutMs })
    const answer = reply.json<{ ok: boolean; value?: { sagas: Listed }; error?: { code: string } }>()
    if (answer.value === undefined) throw new Told(`loms refuses to say: ${answer.error?.code}`)
    return answer.value.sagas
  } catch (error) {
    if (error instanceof RequestError && error.isNoResponders()) throw new Told('loms does not run here')
    if (error instanceof TimeoutError) throw new Told(`loms did not answer within ${replyTimeoutMs / 1000} s`)
    throw error
  }
}

function textOf(sagas: Listed): string {
  if (sagas.length === 0) return 'no saga is open'
  const rows = sagas.map((saga) => [
    String(saga.order_id),
    saga.tenant_id,
    String(saga.user_id),
    saga.state,
    String(saga.attempts),
    saga.started_at,
    saga.retry_at ?? 'when the others say',
  ])
  const head = ['ORDER', 'TENANT', 'USER', 'STATE', 'TRIES', 'SINCE', 'NEXT']
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  const more = sagas.length === listedMax ? [`there may be more than these ${listedMax}`] : []
  return [...[head, ...rows].map(line), ...more].join('\n')
}

if (import.meta.main) {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof Told) && !(error instanceof TypeError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

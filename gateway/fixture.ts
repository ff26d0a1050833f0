//! For tests: a door on a free port, services that echo what reached them, accounts' answers over a real NATS, and raw sockets.
import { createHash } from 'node:crypto'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Elysia } from 'elysia'
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose'
import pino from 'pino'
import { type ErrorCode, fail, ok } from '../contracts/errors.ts'
import { newId } from '../contracts/ids.ts'
import { ExchangeSession } from '../contracts/rpc/accounts.ts'
import { accessTokenType, tokenAlgorithm, tokenAudience, tokenIssuer } from '../contracts/tokens.ts'
import { connectNats, type Nats } from '../runtime/nats.ts'
import { handle, serveRpc } from '../runtime/rpc.ts'
import { serviceFrame } from '../runtime/service.ts'
import { freePort } from '../tests/harness/ports.ts'
import { type Config, loadConfig } from './config.ts'
import { doorOf } from './door.ts'
import { http } from './http.ts'
import type { UpstreamName } from './routes.ts'

/** What a service was sent. */
export type Arrived = {
  readonly service: string
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: number
  readonly sha256: string
}

export type Echo = AsyncDisposable & {
  readonly url: string
  readonly arrived: Arrived[]
}

export const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex')

/** A service of its own Elysia app that answers with what it was sent, or as `answer` says. */
export function startEcho(
  service: string,
  answer?: (request: Request, arrived: Arrived) => Response | undefined | Promise<Response | undefined>,
): Echo {
  const arrived: Arrived[] = []
  const app = new Elysia({ strictPath: true, systemRouter: false, handler: { standardHostname: false } }).all(
    '/*',
    async ({ request }) => {
      const bytes = await request.bytes()
      const url = new URL(request.url)
      const one: Arrived = {
        service,
        method: request.method,
        target: `${url.pathname}${url.search}`,
        headers: Object.fromEntries(request.headers),
        bytes: bytes.byteLength,
        sha256: sha256(bytes),
      }
      arrived.push(one)
      return (await answer?.(request, one)) ?? Response.json(one)
    },
    { parse: 'none' },
  )
  app.listen({
    hostname: '127.0.0.1',
    port: 0,
    reusePort: false,
    idleTimeout: 60,
    maxRequestBodySize: 2 ** 31,
  })
  const stop = async () => {
    await app.server?.stop(true)
  }
  return { url: `http://127.0.0.1:${app.server?.port}`, arrived, [Symbol.asyncDispose]: stop }
}

export type RawUpstream = AsyncDisposable & {
  readonly url: string
  readonly port: number
  connections: number
  /** First lines of the requests that came. */
  readonly asked: string[]
}

/** A service that is no HTTP server at all: `answer` writes whatever it likes. */
export async function startRaw(
  answer: (socket: Socket, head: string) => void,
  port = 0,
): Promise<RawUpstream> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    upstream.connections += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (data) => {
      const head = data.toString('latin1')
      // A body may come in a piece of its own, and is no request.
      if (/^[A-Z]+ \//.test(head)) upstream.asked.push(head.split('\r\n')[0] ?? '')
      answer(socket, head)
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const upstream: RawUpstream = {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    connections: 0,
    asked: [],
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return upstream
}

const pair = await generateKeyPair(tokenAlgorithm)
const keys = createLocalJWKSet({
  keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: tokenAlgorithm, use: 'sig' }],
})

/** An access token as accounts makes them. */
export function tokenFor(userId: number, role = 'customer', expiresInSeconds = 60): Promise<string> {
  return new SignJWT({ role, tenant_id: 'default', sid: 'ses_1' })
    .setProtectedHeader({ alg: tokenAlgorithm, typ: accessTokenType, kid: 'one' })
    .setIssuer(tokenIssuer)
    .setAudience(tokenAudience)
    .setSubject(String(userId))
    .setJti(newId('request'))
    .setIssuedAt()
    .setExpirationTime(`${expiresInSeconds}s`)
    .sign(pair.privateKey)
}

export const bearer = async (userId: number, role?: string) => ({
  authorization: `Bearer ${await tokenFor(userId, role)}`,
})

export type LogLine = Readonly<Record<string, unknown>>

export type TestDoor = AsyncDisposable & {
  readonly url: string
  readonly port: number
  readonly lines: LogLine[]
  ask(method: string, path: string, init?: Omit<RequestInit, 'method'>): Promise<Response>
  metrics(): Promise<string>
  /** As the process does when it is told to stop. */
  close(graceMs: number): Promise<void>
}

export type DoorOptions = {
  readonly upstreams?: Partial<Record<UpstreamName, string | { readonly url: string }>>
  readonly env?: Readonly<Record<string, string>>
  readonly natsUrl?: string
  readonly fetchesMax?: number
  readonly config?: Partial<Config>
}

/** A door as the process opens it, in this one. */
export function openDoor({
  upstreams = {},
  env = {},
  natsUrl,
  fetchesMax = 256,
  config,
}: DoorOptions): TestDoor {
  const settings: Record<string, string> = { GATEWAY_HTTP_PORT: '0', LOG_LEVEL: 'info' }
  settings.NATS_URL = natsUrl ?? `nats://127.0.0.1:${freePort()}`
  const names: UpstreamName[] = ['accounts', 'billing', 'cart', 'catalog', 'delivery', 'loms', 'notifier']
  for (const name of names) {
    const given = upstreams[name]
    // Nobody listens where a test says nothing.
    const url =
      given === undefined ? `http://127.0.0.1:${freePort()}` : typeof given === 'string' ? given : given.url
    settings[`GATEWAY_UPSTREAM_${name.toUpperCase()}`] = url
  }
  const read = { ...loadConfig({ ...settings, ...env }), ...config }
  const lines: LogLine[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const frame = { ...serviceFrame('gateway', { ...read, logLevel: 'silent' }, { keys }), log }
  const nats: Nats = connectNats({
    url: read.natsUrl,
    name: 'gateway',
    log,
    registry: frame.registry,
    onClosed: (error) => {
      throw error
    },
  })
  const door = doorOf({ config: read, frame, nats, fetchesMax, keys })
  const app = http(door.deps, { ...door.http, log })
  const listening = app.listen({ host: '127.0.0.1', port: 0 })
  let closed: Promise<void> | undefined
  const close = (graceMs: number) => {
    door.endStreams()
    closed ??= listening.close(graceMs)
    return closed
  }
  return {
    url: listening.url,
    port: listening.port,
    lines,
    ask: (method, path, init) => fetch(`${listening.url}${path}`, { ...init, method, redirect: 'manual' }),
    metrics: () => frame.registry.metrics(),
    close,
    async [Symbol.asyncDispose]() {
      await close(0)
      await nats.close()
    },
  }
}

/** `behindSeconds`: its clock is behind ours by so much. */
type Exchanged = { userId: number; role?: string; seconds?: number; behindSeconds?: number }

export type StandIn = AsyncDisposable & {
  /** The sessions that were asked about. */
  readonly asked: string[]
  /** Answers from now on: a user's id and role, or a refusal. */
  answers: (session: string) => Exchanged | ErrorCode
  /** What an answer waits for. */
  gate: Promise<unknown>
}

/** Stands in for accounts: it speaks over a real NATS, by the contract, which both ends check. */
export async function startAccounts(natsUrl: string): Promise<StandIn> {
  const log = pino({ level: 'silent' })
  const { registry, now } = serviceFrame('accounts', loadConfig({ LOG_LEVEL: 'silent' }), { keys })
  const nats = connectNats({
    url: natsUrl,
    name: 'accounts',
    log,
    registry,
    onClosed: (error) => {
      throw error
    },
  })
  const standIn: StandIn = {
    asked: [],
    answers: () => 'unauthenticated',
    gate: Promise.resolve(),
    async [Symbol.asyncDispose]() {
      await server.close()
      await nats.close()
    },
  }
  const exchange = handle(ExchangeSession, async (_, { session }) => {
    standIn.asked.push(session)
    await standIn.gate
    const answer = standIn.answers(session)
    if (typeof answer === 'string') return fail(answer)
    const { userId, role = 'customer', seconds = 60, behindSeconds = 0 } = answer
    const access_token = await tokenFor(userId, role, seconds - behindSeconds)
    return ok({ access_token, expires_in: seconds, user_id: userId, role: role as 'customer' })
  })
  const server = serveRpc({
    nats,
    service: 'accounts',
    handlers: [exchange],
    log,
    registry,
    now,
    newId,
    inFlightMax: 1000,
    idempotencySecret: 'a secret of the test',
  })
  await (await nats.whenConnected()).flush()
  return standIn
}

/** Resolves when the condition holds; fails where it does not come to. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 5_000): Promise<void> {
  const endsAt = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > endsAt) throw new Error('it did not come to that in time')
    await Bun.sleep(2)
  }
}

/** Sends bytes as they are over a bare connection, and reads until it is closed or `isEnough`. */
export async function overSocket(
  port: number,
  text: string,
  isEnough: (received: string) => boolean = (received) => /\r\n\r\n/.test(received),
): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  const done = Promise.withResolvers<void>()
  socket.on('data', (data) => {
    received += data.toString('latin1')
    if (isEnough(received)) done.resolve()
  })
  socket.on('close', () => done.resolve())
  socket.on('error', () => done.resolve())
  socket.write(text, 'latin1')
  const timer = setTimeout(done.resolve, 5_000)
  await done.promise
  clearTimeout(timer)
  socket.destroy()
  return received
}

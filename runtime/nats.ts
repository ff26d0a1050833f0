//! The process's one connection to NATS: there from the start, connected when the server is, and never given up.
import {
  type ConnectionOptions,
  connect,
  type NatsConnection,
  NatsConnectionImpl,
  type Status,
} from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { Gauge, type Registry } from 'prom-client'

/** Where answers to a user of NATS come: nobody else may listen there (nats-users.conf). */
export const inboxPrefixOf = (user: string): string => `_INBOX.${user}`

export const isInbox = (subject: string | undefined): boolean => subject?.startsWith('_INBOX.') === true

export type Nats = {
  /** What the subjects of our own inboxes begin with. */
  readonly inboxPrefix: string
  /** How many servers of its cluster keep each of our streams. */
  readonly streamReplicas: number
  /** The connection while it stands. What is published during an outage waits in the client's memory or is dropped, so while it is away there is none to publish on. */
  current(): NatsConnection | undefined
  isConnected(): boolean
  /** Resolves at once while connected, else at the next (re)connect; rejects when closed before that. */
  whenConnected(): Promise<NatsConnection>
  /** Told of every connect but the first, with the subscriptions restored. Returns how to stop listening. */
  onReconnect(listener: (connection: NatsConnection) => void): () => void
  onDisconnect(listener: () => void): () => void
  /** Finishes what runs, within 2 s, and closes. Questions can no longer be asked, so whoever asks is stopped before. */
  close(): Promise<void>
}

export type NatsOptions = {
  /** `nats://user:password@host:port`; several servers of one cluster are separated by commas. */
  url: string
  /** 1 unless told. */
  streamReplicas?: number
  /** The service: how the server's monitoring names us, and who we are to nats-users.conf. */
  name: string
  log: Logger
  registry: Registry
  /** Called when the connection is closed for good without our asking, e.g. on a wrong password. The process is of no use then. */
  onClosed: (error: Error) => void
  /** Two pings without an answer are a dead connection: it is noticed within three times this. */
  pingIntervalMs?: number
}

const reconnectWaitMs = 100
const reconnectJitterMs = 150
// A server that accepts and then says nothing (stopped, half-open) is left after this.
const dialTimeoutMs = 2_000
const drainTimeoutMs = 2_000
const tellAwayMs = 60_000

/** Starts to connect and returns at once: a service starts and answers what it can while NATS is away. */
export function connectNats(options: NatsOptions): Nats {
  const { name, log, registry, onClosed, pingIntervalMs = 2_500 } = options
  const inboxPrefix = inboxPrefixOf(name)
  const gauge = new Gauge({
    name: 'nats_connected',
    help: '1 while the connection to NATS stands, else 0.',
    registers: [registry],
  })
  const reconnectListeners = new Set<(connection: NatsConnection) => void>()
  const disconnectListeners = new Set<() => void>()
  let waiting: PromiseWithResolvers<NatsConnection>[] = []
  let connection: NatsConnection | undefined
  let connected = false
  let closed: Promise<void> | undefined
  let looks = 0
  let toldAwayAt: number | undefined

  const address = addressOf(options.url)
  const running = connect({
    ...address,
    name,
    inboxPrefix,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    timeout: dialTimeoutMs,
    pingInterval: pingIntervalMs,
    maxPingOut: 2,
    // A stack trace for every request costs a third of the throughput.
    noAsyncTraces: true,
    reconnectDelayHandler: () => {
      // The client's only way out of its first connecting.
      if (closed !== undefined && connection === undefined) throw new Error('closed before the first connect')
      if (connection === undefined) tellNotThere()
      return reconnectWaitMs + Math.random() * reconnectJitterMs
    },
  }).then(attend, (error: unknown) => {
    if (closed === undefined) onClosed(new Error('cannot connect to NATS', { cause: error }))
  })

  /** Called before each look for a server that was not found yet. */
  function tellNotThere(): void {
    looks += 1
    // Not before each server of a cluster was tried; the client looks at its first one twice.
    if (looks <= 2 * address.servers.length) return
    const now = performance.now()
    if (toldAwayAt !== undefined && now - toldAwayAt < tellAwayMs) return
    toldAwayAt = now
    log.warn({ server: address.servers.join(',') }, 'NATS is not there yet')
  }

  async function attend(made: NatsConnection): Promise<void> {
    connection = made
    if (closed !== undefined) return await made.close()
    setConnected(made)
    for await (const status of made.status()) follow(made, status)
    const reason = await made.closed()
    setAway()
    if (closed === undefined)
      onClosed(new Error('the connection to NATS is closed for good', { cause: reason }))
  }

  function follow(made: NatsConnection, status: Status): void {
    if (status.type === 'disconnect') setAway()
    if (status.type === 'reconnect' && setConnected(made)) {
      for (const listener of reconnectListeners) tell(() => listener(made))
    }
    if (status.type === 'staleConnection') cut(made)
    if (status.type === 'error') log.error({ err: status.error }, 'NATS server reports an error')
    if (status.type === 'slowConsumer')
      log.warn({ subject: status.sub.getSubject() }, 'NATS subscription falls behind')
  }

  // The client waits for what is still in the socket's buffer before it leaves a connection that no longer answers,
  // which on a half-open one takes minutes or for ever.
  function cut(made: NatsConnection): void {
    log.warn('NATS does not answer pings')
    if (!(made instanceof NatsConnectionImpl)) return
    made.protocol.transport
      .close()
      .catch((error: unknown) => log.error({ err: error }, 'cannot cut the NATS socket'))
  }

  /** False where that is no news: the client reports some reconnects twice. */
  function setConnected(made: NatsConnection): boolean {
    if (connected) return false
    connected = true
    gauge.set(1)
    log.info({ server: made.getServer() }, 'connected to NATS')
    for (const waiter of waiting.splice(0)) waiter.resolve(made)
    return true
  }

  function setAway(): void {
    if (!connected) return
    connected = false
    gauge.set(0)
    if (closed === undefined) log.warn('NATS is away')
    for (const listener of disconnectListeners) tell(listener)
  }

  // One listener's bug must not cost the others their call, nor us the connection's state.
  function tell(listener: () => void): void {
    try {
      listener()
    } catch (error) {
      log.error({ err: error }, 'a listener to the NATS connection failed')
    }
  }

  async function shut(): Promise<void> {
    const made = connection
    if (made !== undefined && connected) await drain(made)
    if (made !== undefined && !made.isClosed()) await made.close()
    for (const waiter of waiting.splice(0)) waiter.reject(new Error('the NATS connection was closed'))
    await running
  }

  async function drain(made: NatsConnection): Promise<void> {
    const timeout = Promise.withResolvers<void>()
    const timer = setTimeout(timeout.resolve, drainTimeoutMs)
    await Promise.race([made.drain(), timeout.promise])
      .catch((error: unknown) => log.warn({ err: error }, 'NATS went away while draining'))
      .finally(() => clearTimeout(timer))
  }

  return {
    inboxPrefix,
    streamReplicas: options.streamReplicas ?? 1,
    current: () => (connected ? connection : undefined),
    isConnected: () => connected,
    whenConnected: () => {
      const waiter = Promise.withResolvers<NatsConnection>()
      if (connected && connection !== undefined) waiter.resolve(connection)
      else if (closed !== undefined) waiter.reject(new Error('the NATS connection was closed'))
      else waiting = [...waiting, waiter]
      return waiter.promise
    },
    onReconnect: (listener) => listen(reconnectListeners, listener),
    onDisconnect: (listener) => listen(disconnectListeners, listener),
    close: () => {
      closed ??= shut()
      return closed
    },
  }
}

function listen<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The client takes user and password as options of their own and drops them from an address. */
export function addressOf(
  text: string,
): Pick<ConnectionOptions, 'user' | 'pass' | 'tls'> & { readonly servers: string[] } {
  const urls = text.split(',').map((part) => urlOf(part.includes('://') ? part : `nats://${part}`))
  const named = urls.find((url) => url.username !== '')
  return {
    servers: urls.map((url) => url.host),
    ...(named && { user: decodeURIComponent(named.username), pass: decodeURIComponent(named.password) }),
    ...(urls.some((url) => url.protocol === 'tls:') && { tls: {} }),
  }
}

function urlOf(text: string): URL {
  const url = URL.parse(text)
  // The text may hold a password, so the error does not repeat it.
  if (url === null || url.host === '') throw new Error('the address of NATS is not nats://host:port')
  return url
}

//! A NATS cluster of three real nodes on this machine, from the repository's own configuration.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { lomsStream } from '../../contracts/events/loms.ts'
import { natsUsers } from '../../tools/generate/nats-users.ts'
import { findNatsServer } from '../../tools/nats/find.ts'
import { waitForInfo } from '../../tools/nats/info.ts'
import { operator, reach } from '../../tools/nats/reach.ts'
import { passwordSettings } from '../../tools/nats/start.ts'
import { passwordsOf, withUser } from '../harness/nats.ts'
import { freePort } from '../harness/ports.ts'
import { eventually, type StoredFact } from '../journeys/shop.ts'

export type Cluster = AsyncDisposable & {
  /** As a service gets it. */
  urlOf(service: string): string
  readonly version: string
  readonly nodes: readonly string[]
  /** The node that leads the stream of loms; waits until there is one. */
  leader(): Promise<string>
  /** How many nodes keep it, and are not behind. */
  copies(): Promise<number>
  kill9(node: string): Promise<void>
  start(node: string): Promise<void>
  /** Everything in the stream of loms, in its order. */
  facts(): Promise<readonly StoredFact[]>
  stop(): Promise<void>
}

type Node = { readonly port: number; readonly env: Record<string, string>; child?: Bun.Subprocess }

const config = resolve(import.meta.dir, '../../nats-cluster.conf')
const names = ['kiosk-1', 'kiosk-2', 'kiosk-3'] as const
const routePassword = 'for-the-nodes'

/** Starts the nodes and waits until they have chosen who leads. */
export async function startCluster(): Promise<Cluster> {
  const { path, version } = await findNatsServer()
  const passwords = passwordsOf(await natsUsers())
  const folder = await mkdtemp(join(tmpdir(), 'kiosk-cluster-'))
  const routePorts = names.map(() => freePort())
  const routes = routePorts.map((port) => `"nats://route:${routePassword}@127.0.0.1:${port}"`).join(', ')
  const nodes = new Map<string, Node>(
    names.map((name, n) => {
      const port = freePort()
      const env = {
        NATS_NAME: name,
        NATS_HOST: '127.0.0.1',
        NATS_PORT: String(port),
        ...passwordSettings(passwords),
        NATS_ROUTE_PORT: String(routePorts[n]),
        NATS_ROUTE_PASSWORD: routePassword,
        NATS_ROUTES: `[${routes}]`,
        NATS_STORE_DIR: join(folder, name),
      }
      return [name, { port, env }]
    }),
  )
  const known = (name: string): Node => {
    const node = nodes.get(name)
    if (node === undefined) throw new Error(`the cluster has no node ${name}`)
    return node
  }

  /** User and password once: they go to all. */
  function urlOf(user: string): string {
    const [first = '', ...others] = [...nodes.values()].map(({ port }) => `nats://127.0.0.1:${port}`)
    return [withUser(first, user, passwords[user] ?? ''), ...others].join(',')
  }

  async function start(name: string): Promise<void> {
    const node = known(name)
    const log = Bun.file(join(folder, `${name}.log`))
    const child = Bun.spawn([path, '-c', config], {
      env: { ...process.env, ...node.env },
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: log,
    })
    node.child = child
    const ended = new AbortController()
    void child.exited.then(() => ended.abort())
    const address = { host: '127.0.0.1', port: node.port }
    if (await waitForInfo(address, { timeoutMs: 10_000, until: ended.signal })) return
    throw new Error(`node ${name} did not start:\n${await log.text()}`)
  }

  async function kill9(name: string): Promise<void> {
    const { child } = known(name)
    child?.kill('SIGKILL')
    await child?.exited
  }

  async function stop(): Promise<void> {
    await Promise.all(names.map(kill9))
    await rm(folder, { recursive: true, force: true })
  }

  /** Through whichever node answers. */
  async function withConnection<R>(
    ask: (connection: NatsConnection, manager: JetStreamManager) => Promise<R>,
  ): Promise<R> {
    const connection = await reach(urlOf(operator), 'cluster')
    try {
      return await ask(connection, await jetstreamManager(connection, { checkAPI: false, timeout: 2_000 }))
    } finally {
      await connection.close()
    }
  }

  /** Undefined while the cluster chooses; what it says then differs. */
  const info = () =>
    withConnection(async (_, manager) => (await manager.streams.info(lomsStream.name)).cluster).catch(
      () => undefined,
    )

  // A node that has just come back may not answer yet for what it is to lead.
  const facts = () => eventually('the stream to be read', () => read().catch(() => undefined), 30_000)

  async function read(): Promise<readonly StoredFact[]> {
    return await withConnection(async (connection, manager) => {
      const { state } = await manager.streams.info(lomsStream.name)
      const found: StoredFact[] = []
      if (state.messages === 0) return found
      const consumer = await jetstream(connection).consumers.get(lomsStream.name)
      for await (const message of await consumer.consume()) {
        const header = (name: string) => message.headers?.get(name) ?? ''
        const [id, type, key] = [header('ce-id'), header('ce-type'), header('ce-subject')]
        found.push({ id, type, key, traceparent: header('traceparent'), data: message.json() })
        if (message.seq >= state.last_seq) break
      }
      return found
    })
  }

  try {
    await Promise.all(names.map(start))
    await eventually(
      'the cluster to choose a leader',
      () =>
        withConnection((_, manager) => manager.getAccountInfo()).then(
          () => true,
          () => undefined, // not yet
        ),
      20_000,
    )
  } catch (error) {
    await stop()
    throw error
  }
  return {
    urlOf,
    version,
    nodes: names,
    leader: () => eventually('the stream to have a leader', async () => (await info())?.leader, 30_000),
    copies: async () => {
      const cluster = await info()
      return cluster?.leader === undefined
        ? 0
        : 1 + (cluster.replicas ?? []).filter(({ current }) => current).length
    },
    kill9,
    start,
    facts,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

//! The process of accounts: names every part that runs, and is the only file that reads the environment.
import { join } from 'node:path'
import { accountsStream } from '../contracts/events/accounts.ts'
import { keyPruning } from '../runtime/idempotency-pruning.ts'
import { orExit, runService } from '../runtime/lifecycle.ts'
import { jetStream } from '../runtime/messages/jetstream.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import { startRelay } from '../runtime/messages/relay.ts'
import { serveRpc } from '../runtime/rpc.ts'
import { graceMs, serviceFrame } from '../runtime/service.ts'
import { openStore } from '../runtime/store/open.ts'
import { deadlineTimer } from '../runtime/timer.ts'
import { tokenVerifier } from '../runtime/tokens.ts'
import { loadConfig } from './config.ts'
import { http } from './http.ts'
import { createKeyBox, createKeyRing } from './key-ring.ts'
import { prune } from './operations/prune.ts'
import { register } from './operations/register.ts'
import { rotateKeys } from './operations/rotate-keys.ts'
import { operatorCall } from './operator.ts'
import { createDeps } from './parts.ts'
import { rpcHandlers } from './rpc.ts'
import { schema } from './store/schema.ts'

const pruneEveryMs = 60_000
/** Other processes may have made a key; one that they sign with is shown by all a day before. */
const keysEveryMs = 30_000

const config = orExit('accounts', () => loadConfig(process.env))
const box = createKeyBox(config.keySecret)
// Our own doors check tokens like all others, with the keys that are here already.
const frame = serviceFrame('accounts', config, { keys: (header, token) => ring.verification(header, token) })
const { log, registry, now, newId } = frame
const ring = createKeyRing(box, now)

await runService({
  name: 'accounts',
  log,
  parts: async (part) => {
    const store = await part(
      'store',
      () =>
        openStore(config.databaseUrl, {
          ...frame.storeOptions,
          schema,
          migrations: join(import.meta.dir, 'store/migrations'),
        }),
      (store) => store.close(),
    )
    const nats = await part('nats', frame.connect, (nats) => nats.close())
    const outbox = createOutbox({ stream: accountsStream, now, newId })
    const verifyToken = tokenVerifier({ keys: ring.verification, now })
    const given = { store, now, newId, announce: outbox.announce, ring, box, verifyToken }
    const deps = await part('parts', () => createDeps(config, given))
    await part(
      'keys',
      async () => {
        // Before any door is open: without a key nobody is let in.
        await rotateKeys(deps)
        return deadlineTimer({
          name: 'rotate signing keys',
          run: () => rotateKeys(deps),
          now,
          log,
          atLeastEveryMs: keysEveryMs,
        })
      },
      (timer) => timer.close(),
    )
    await part('first admin', async () => {
      if (config.admin === undefined) return
      const nothing = { name: undefined, email: undefined, phone: undefined, address: undefined }
      const made = await register(deps, operatorCall(now, newId), {
        ...config.admin,
        ...nothing,
        role: 'admin',
      })
      if (made.ok) log.info({ user_id: String(made.value.id) }, 'the first admin was made')
      // Whoever has the login keeps what they are: it may not be the operator.
      else if (made.error.code !== 'login_taken')
        throw new Error('ACCOUNTS_ADMIN_LOGIN or ACCOUNTS_ADMIN_PASSWORD may not be one')
    })
    await part(
      'relay',
      () =>
        startRelay({
          store,
          stream: jetStream({ nats, stream: accountsStream }),
          outbox,
          now,
          log,
          registry,
          lease: frame.lease(store, 'relay'),
        }),
      (relay) => relay.stop(),
    )
    await part(
      'pruning of idempotency keys',
      () => keyPruning(store, now, log),
      (timer) => timer.close(),
    )
    await part(
      'pruning of sessions',
      () =>
        deadlineTimer({
          name: 'prune sessions',
          run: async () => ((await prune(deps)) ? now() : undefined),
          now,
          log,
          atLeastEveryMs: pruneEveryMs,
        }),
      (timer) => timer.close(),
    )
    await part(
      'rpc',
      () =>
        serveRpc({
          nats,
          service: 'accounts',
          handlers: rpcHandlers(deps),
          log,
          registry,
          now,
          newId,
          inFlightMax: config.inFlightMax,
          idempotencySecret: config.idempotencySecret,
        }),
      (rpc) => rpc.close(),
    )
    await part(
      'http',
      () => {
        const about = { description: 'Who the shop’s users are, and how they prove it.' }
        const { returnUrl, isDevelopment } = config
        const doors = { cookies: { secure: !isDevelopment }, returnUrl }
        return http(deps, frame.http(about, { store, nats }), doors).listen({
          host: config.host,
          port: config.httpPort,
        })
      },
      (listening) => listening.close(graceMs),
    )
  },
})

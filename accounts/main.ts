//! The process of accounts: names every part that runs, and is the only file that reads the environment.
import { accountsStream } from '../contracts/events/accounts.ts'
import { orExit, runService } from '../runtime/lifecycle.ts'
import { createOutbox } from '../runtime/messages/outbox.ts'
import { partsOf } from '../runtime/parts.ts'
import { serviceFrame } from '../runtime/service.ts'
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
const { log, now, newId } = frame
const description = 'Who the shop’s users are, and how they prove it.'
const ring = createKeyRing(box, now)

await runService({
  name: 'accounts',
  log,
  parts: async (part) => {
    const parts = partsOf({ service: 'accounts', config, frame, part })
    const store = await parts.store(schema, import.meta.dir)
    const nats = await parts.nats()
    const outbox = createOutbox({ stream: accountsStream, now, newId })
    const verifyToken = tokenVerifier({ keys: ring.verification, now })
    const given = { store, now, newId, announce: outbox.announce, ring, box, verifyToken }
    const deps = await part('parts', () => createDeps(config, given))
    // Before any door is open: without a key nobody is let in.
    await rotateKeys(deps)
    await parts.clock({
      name: 'rotate signing keys',
      run: () => rotateKeys(deps),
      atLeastEveryMs: keysEveryMs,
    })
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
    await parts.relay(store, nats, accountsStream, outbox)
    await parts.keyPruning(store)
    await parts.clock({
      name: 'prune sessions',
      run: async () => ((await prune(deps)) ? now() : undefined),
      atLeastEveryMs: pruneEveryMs,
    })
    await parts.rpc(nats, rpcHandlers(deps))
    const { returnUrl, isDevelopment } = config
    const doors = { cookies: { secure: !isDevelopment }, returnUrl }
    await parts.http(() => http(deps, frame.http({ description }, { store, nats }), doors))
  },
})

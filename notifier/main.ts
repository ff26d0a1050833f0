//! The process of notifier: names every part that runs, and is the only file that reads the environment.
import { join } from 'node:path'
import { lomsStream } from '../contracts/events/loms.ts'
import { orExit, runService } from '../runtime/lifecycle.ts'
import { serveDeadLetters } from '../runtime/messages/admin.ts'
import { jetStream } from '../runtime/messages/jetstream.ts'
import { startReader } from '../runtime/messages/reader.ts'
import { graceMs, serviceFrame } from '../runtime/service.ts'
import { openStore } from '../runtime/store/open.ts'
import { loadConfig } from './config.ts'
import { lomsFacts } from './consumers.ts'
import { http } from './http.ts'
import { printNotices } from './print-notices.ts'
import { schema } from './store/schema.ts'

const config = orExit('notifier', () => loadConfig(process.env))
const frame = serviceFrame('notifier', config)
const { log, registry, now, newId } = frame

await runService({
  name: 'notifier',
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
    const printing = printNotices(store, log)
    const heard = lomsFacts({ newId, noted: printing.noted })
    await part(
      'reader of loms',
      () =>
        startReader({
          store: printing.store,
          stream: jetStream({ nats, stream: lomsStream }),
          handlers: heard,
          now,
          log,
          registry,
          lease: frame.lease(store, 'reader:loms'),
        }),
      (reader) => reader.stop(),
    )
    await part(
      'dead letters',
      () =>
        serveDeadLetters({
          service: 'notifier',
          nats,
          store: printing.store,
          readers: { [lomsStream.name]: heard },
          log,
        }),
      (admin) => admin.stop(),
    )
    await part(
      'http',
      () =>
        http({ store }, frame.http({ description: 'What customers were told.' }, { store, nats })).listen({
          host: config.host,
          port: config.httpPort,
        }),
      (listening) => listening.close(graceMs),
    )
  },
})

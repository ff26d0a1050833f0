//! The process of notifier: names every part that runs, and is the only file that reads the environment.
import { join } from 'node:path'
import { accountsStream } from '../contracts/events/accounts.ts'
import { billingStream } from '../contracts/events/billing.ts'
import { deliveryStream } from '../contracts/events/delivery.ts'
import { lomsStream } from '../contracts/events/loms.ts'
import { accessTokenSeconds } from '../contracts/tokens.ts'
import { orExit, runService } from '../runtime/lifecycle.ts'
import { serveDeadLetters } from '../runtime/messages/admin.ts'
import { jetStream } from '../runtime/messages/jetstream.ts'
import { startReader } from '../runtime/messages/reader.ts'
import { graceMs, serviceFrame } from '../runtime/service.ts'
import { openStore } from '../runtime/store/open.ts'
import { loadConfig } from './config.ts'
import { accountsFacts, billingFacts, deliveryFacts, lomsFacts } from './consumers.ts'
import { http } from './http.ts'
import { Listeners } from './listeners.ts'
import { listenerMetrics } from './metrics.ts'
import { printNotices } from './print-notices.ts'
import { schema } from './store/schema.ts'
import { watchNotices } from './watch-notices.ts'

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
    const listeners = new Listeners(config)
    listenerMetrics(registry, listeners)
    const printing = printNotices(store, log, (notice) => listeners.wake(notice))
    const consuming = { newId, noted: printing.noted }
    const heard = [
      { stream: lomsStream, handlers: lomsFacts(consuming) },
      { stream: accountsStream, handlers: accountsFacts(consuming) },
      { stream: billingStream, handlers: billingFacts(consuming) },
      { stream: deliveryStream, handlers: deliveryFacts(consuming) },
    ]
    for (const { stream, handlers } of heard)
      await part(
        `reader of ${stream.service}`,
        () =>
          startReader({
            store: printing.store,
            stream: jetStream({ nats, stream }),
            handlers,
            now,
            log,
            registry,
            lease: frame.lease(store, `reader:${stream.service}`),
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
          readers: Object.fromEntries(heard.map(({ stream, handlers }) => [stream.name, handlers])),
          log,
        }),
      (admin) => admin.stop(),
    )
    // A SQLite file has one process, which knows what it writes.
    if (store.dialect === 'postgres')
      await part(
        'watch',
        () => watchNotices({ store, listeners, now, log }),
        (watch) => watch.close(),
      )
    await part(
      'http',
      () =>
        http(
          {
            store,
            listeners,
            heartbeatMs: 15_000,
            stalledSeconds: 45,
            listenMsMax: accessTokenSeconds * 1000,
          },
          frame.http({ description: 'What customers are told.' }, { store, nats }),
        ).listen({ host: config.host, port: config.httpPort }),
      (listening) => {
        listeners.close()
        return listening.close(graceMs)
      },
    )
  },
})

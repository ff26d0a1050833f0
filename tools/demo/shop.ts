//! The shop that the demo plays in: one of its own that is gone afterwards, or the one that `bun run dev` has started.
import { startSystem } from '../../tests/harness/system.ts'
import { waitForReady } from '../dev/ready.ts'
import { addressOf, portSetting } from '../dev/services.ts'
import type { Teller } from './teller.ts'

export type Customer = { readonly name: string; readonly user: number }

export type Shop = {
  /** Which shop it is, for the reader. */
  readonly words: string
  readonly natsUrl: string
  url(service: string): string
  readonly customers: { readonly olena: Customer; readonly taras: Customer }
  /** True where the demo has started it and it ends with it. */
  readonly isOwn: boolean
  stop(): Promise<void>
}

const services = [
  'catalog',
  'loms',
  'cart',
  'notifier',
  'accounts',
  'billing',
  'delivery',
  'gateway',
] as const
/** So short that the reader can wait for it, and long enough to pay in. */
const paymentWindowSeconds = 3

/** Starts a shop on free ports, in a temporary folder, with the demo's products in it. */
export async function openOwnShop(teller: Teller): Promise<Shop> {
  teller.say('starting a shop of its own: NATS and eight services on free ports, in a temporary folder …')
  const startedAt = performance.now()
  const system = await startSystem({
    services,
    seed: true,
    env: { LOMS_PAYMENT_WINDOW_SECONDS: String(paymentWindowSeconds) },
  })
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  return {
    words: `It was ready after ${seconds} s. An order waits ${paymentWindowSeconds} s for its payment here; ten minutes are usual.`,
    natsUrl: system.natsUrl,
    url: system.url,
    customers: { olena: { name: 'Olena', user: 101 }, taras: { name: 'Taras', user: 102 } },
    isOwn: true,
    stop: system.stop,
  }
}

/** Finds the shop that runs already, by the settings that `bun run dev` has; an error for people where there is none. */
export async function shopThatRuns(env: Readonly<Record<string, string | undefined>>): Promise<Shop> {
  const url = (service: string) => {
    const { host, httpPort } = addressOf(service, env)
    return `http://${host}:${httpPort}`
  }
  for (const service of services) {
    const ready = await waitForReady(url(service), { timeoutMs: 1_000, until: AbortSignal.timeout(1_000) })
    if (!ready)
      throw new Error(`${service} does not answer at ${url(service)}; start the shop with bun run dev`)
  }
  // Customers whom nobody else plays, with empty carts.
  const user = 1_000_000_000 + Math.floor(Math.random() * 1_000_000_000)
  return {
    words: `It is told in the shop that runs here: ${services.map((name) => `${name} ${url(name)}`).join(', ')}.`,
    natsUrl: env.NATS_URL ?? `nats://127.0.0.1:${portSetting(env, 'NATS_PORT', 4222)}`,
    url,
    customers: { olena: { name: 'Olena', user }, taras: { name: 'Taras', user: user + 1 } },
    isOwn: false,
    stop: async () => {},
  }
}

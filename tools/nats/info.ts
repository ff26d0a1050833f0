//! The first line that a NATS server says on a new connection: whoever has heard it knows that the server is up.

export type NatsAddress = { readonly host: string; readonly port: number }
export type NatsInfo = { readonly version: string; readonly jetstream: boolean }

/** Connects and reads the INFO line; undefined when nobody answers so within `timeoutMs`. */
export async function askInfo(address: NatsAddress, timeoutMs = 1_000): Promise<NatsInfo | undefined> {
  const { promise, resolve } = Promise.withResolvers<NatsInfo | undefined>()
  const timer = setTimeout(() => resolve(undefined), timeoutMs)
  let heard = ''
  const nobody = () => resolve(undefined)
  const connecting = Bun.connect({
    hostname: address.host,
    port: address.port,
    socket: {
      data(_socket, chunk) {
        heard += chunk.toString()
        if (heard.includes('\n')) resolve(parseInfo(heard))
      },
      error: nobody,
      close: nobody,
      connectError: nobody,
    },
  }).catch(() => undefined) // connectError has told it already
  const info = await promise
  clearTimeout(timer)
  void connecting.then((socket) => socket?.terminate())
  return info
}

function parseInfo(heard: string): NatsInfo | undefined {
  const json = /^INFO (\{.*\})/.exec(heard)?.[1]
  if (json === undefined) return undefined
  try {
    const info: unknown = JSON.parse(json)
    if (typeof info !== 'object' || info === null || !('version' in info)) return undefined
    return { version: String(info.version), jetstream: 'jetstream' in info && info.jetstream === true }
  } catch (error) {
    if (error instanceof SyntaxError) return undefined // something that is no NATS server listens there
    throw error
  }
}

/** Asks until somebody answers; false when `until` is aborted or the time is over first. */
export async function waitForInfo(
  address: NatsAddress,
  wait: { timeoutMs: number; until?: AbortSignal },
): Promise<boolean> {
  const pollMs = 10
  const endsAt = performance.now() + wait.timeoutMs
  while (!wait.until?.aborted && performance.now() < endsAt) {
    if (await askInfo(address, Math.max(pollMs, endsAt - performance.now()))) return true
    await Bun.sleep(pollMs)
  }
  return false
}

//! A customer of the shop as journeys know one: at the public door, with a browser, and patient with facts.

/** Long enough for every rule there is on passwords. */
export const password = 'correct horse battery staple'

/** Minor units of money as the resources tell it. */
export const kopecks = (decimal: unknown) => Math.round(Number(decimal) * 100)

export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

/** A customer with a browser: keeps its cookies, or uses its bearer. */
export class Customer {
  readonly #door: string
  bearer: string | undefined

  constructor(door: string) {
    this.#door = door
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(`${this.#door}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(this.bearer === undefined ? {} : { authorization: `Bearer ${this.bearer}` }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    })
    const text = await response.text()
    // Every answer of ours is a JSON object, or nothing.
    const said = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
    return { status: response.status, headers: response.headers, body: said }
  }
}

/** What is asked again until it is so: facts take a moment to arrive. */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const endsAt = performance.now() + 10_000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > endsAt) throw new Error(`${what} did not come to be within 10 s`)
    await Bun.sleep(20)
  }
}

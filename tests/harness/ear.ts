//! One who listens to server-sent events, for tests.

export type Heard = {
  readonly id?: string
  readonly data?: Readonly<Record<string, unknown>>
  readonly comment?: string
  readonly retry?: number
}

/** Reads server-sent events as the standard says, as far as ours go. */
export class Ear {
  readonly response: Response
  /** What a client would send when it comes back. */
  lastEventId: string | undefined
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #decoder = new TextDecoder()
  #text = ''

  constructor(response: Response) {
    this.response = response
    if (response.body === null) throw new Error('an answer without a body')
    this.#reader = response.body.getReader() as ReadableStreamDefaultReader<Uint8Array>
  }

  /** The next block; undefined where the stream has ended. */
  async next(): Promise<Heard | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end !== -1) {
        const block = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        return this.#heard(block)
      }
      const { value, done } = await this.#reader.read()
      if (done) return undefined
      this.#text += this.#decoder.decode(value, { stream: true })
    }
  }

  /** The ids that the data of the next events names, so many; comments are passed over. Fails where it ends before. */
  async hear(count: number): Promise<string[]> {
    const ids: string[] = []
    while (ids.length < count) {
      const heard = await this.next()
      if (heard === undefined) throw new Error(`it ended after ${ids.length} of ${count} events`)
      if (heard.data !== undefined) ids.push(String(heard.data.id))
    }
    return ids
  }

  /** Everything until it ends. */
  async rest(): Promise<Heard[]> {
    const all: Heard[] = []
    for (let heard = await this.next(); heard !== undefined; heard = await this.next()) all.push(heard)
    return all
  }

  leave(): Promise<void> {
    return this.#reader.cancel()
  }

  #heard(block: string): Heard {
    const fields = block.split('\n').map((line): [string, string] => {
      const colon = line.indexOf(': ')
      return [line.slice(0, colon), line.slice(colon + 2)]
    })
    const { '': comment, id, data, retry } = Object.fromEntries(fields) as Record<string, string | undefined>
    if (id !== undefined) this.lastEventId = id
    return {
      ...(comment !== undefined && { comment }),
      ...(id !== undefined && { id }),
      ...(data !== undefined && { data: JSON.parse(data) as Record<string, unknown> }),
      ...(retry !== undefined && { retry: Number(retry) }),
    }
  }
}

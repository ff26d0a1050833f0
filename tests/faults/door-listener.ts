//! One who listens at the public door all the time: comes back after every end of the stream with what was heard last.
import { expect } from 'bun:test'
import { Ear } from '../harness/ear.ts'
import { eventually } from '../journeys/shop.ts'
import { type DoorCustomer, expectNotNow } from './door-customers.ts'
import type { Told } from './rolling-client.ts'

const path = '/api/v1/notifications/stream'
const pauseMs = 20

export class DoorListener {
  /** How the streams ended: as one that is over does, or in the middle of something. */
  readonly ends = { whole: 0, cut: 0 }
  /** Ids of what was told, in the order in which it was. */
  readonly #heard: string[] = []
  readonly #url: string
  readonly #customer: DoorCustomer
  readonly #left = new AbortController()
  #last = '0'
  #listening: Promise<void> | undefined

  constructor(url: string, customer: DoorCustomer) {
    this.#url = url
    this.#customer = customer
  }

  begin(): void {
    this.#listening = this.#listen()
    this.#listening.catch(() => undefined) // told where it leaves
  }

  /** Leaves, having heard each of the customer's notices once, and of no stream a sudden end. */
  async expectAllHeard(): Promise<void> {
    const told = (await this.#customer.all('/api/v1/notifications')).map(({ id }) => String(id))
    await eventually('everything to be heard', () => this.#heard.length >= told.length || undefined).catch(
      () => undefined, // what is missing is told below
    )
    this.#left.abort()
    await this.#listening
    expect(this.#heard.toSorted()).toEqual(told.sort())
    expect(this.ends.cut).toBe(0)
  }

  async #listen(): Promise<void> {
    const { signal } = this.#left
    while (!signal.aborted) {
      const response = await this.#ask()
      if (response?.status === 200) await this.#hear(new Ear(response))
      else if (response !== undefined) {
        const { status, headers } = response
        expectNotNow(path, { status, headers, body: (await response.json()) as Told['body'] })
      }
      await Bun.sleep(pauseMs)
    }
  }

  /** Undefined where nobody is there. */
  async #ask(): Promise<Response | undefined> {
    const headers = { ...this.#customer.credentials(), 'last-event-id': this.#last }
    try {
      return await fetch(`${this.#url}${path}`, { headers, signal: this.#left.signal, keepalive: false })
    } catch (error) {
      if (this.#left.signal.aborted) return undefined
      if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return undefined
      throw error
    }
  }

  async #hear(ear: Ear): Promise<void> {
    try {
      for (let event = await ear.next(); event !== undefined; event = await ear.next()) {
        if (event.data !== undefined) this.#heard.push(String(event.data.id))
        this.#last = ear.lastEventId ?? this.#last
      }
      this.ends.whole += 1
    } catch {
      if (!this.#left.signal.aborted) this.ends.cut += 1
    }
  }
}

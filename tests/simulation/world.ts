//! A world of one seed: time that moves when it is told to, what is due in it, and a trace of everything that happened.
import { drainMicrotasks } from 'bun:jsc'
import { Chance } from './chance.ts'

type Task = { readonly dueUs: number; readonly order: number; readonly run: () => void }

/** More than any history needs; a world that still has something to do then is in a loop. */
const tasksMax = 100_000
const epochMs = 1_700_000_000_000

export class World {
  readonly chance: Chance
  /** What is told to whoever watches; undefined where nobody does, so that nothing is put into words in vain. */
  readonly #watch: ((line: string) => void) | undefined
  readonly #ticks: Chance
  /** The last is due first. */
  #tasks: Task[] = []
  #ordered = 0
  #nowUs = 0
  #trace = 0x811c9dc5
  /** How far each clock on the wall is off the true time, by its owner. */
  readonly #wallOffMs = new Map<string, number>()
  tasksRun = 0

  constructor(seed: number, watch?: (line: string) => void) {
    this.chance = new Chance(seed)
    this.#ticks = this.chance.fork('ticks')
    this.#watch = watch
  }

  get nowUs(): number {
    return this.#nowUs
  }

  /** One number for everything that happened so far, in its order. */
  get trace(): number {
    return this.#trace
  }

  /** Whatever runs takes some time, and sometimes more than a clock's step. */
  takeTime(): void {
    if (this.#ticks.happens(0.2)) this.#nowUs += this.#ticks.between(1, 1_200)
  }

  /** The time as somebody reads it who runs. */
  elapsedMs(): number {
    this.takeTime()
    return this.#nowUs / 1_000
  }

  wallMs(owner: string): number {
    return epochMs + this.#nowUs / 1_000 + (this.#wallOffMs.get(owner) ?? 0)
  }

  /** A clock on the wall is set. Who runs does not notice before the next start. False where it was set so already. */
  setWall(owner: string, offMs: number): boolean {
    const isChanged = (this.#wallOffMs.get(owner) ?? 0) !== offMs
    this.#wallOffMs.set(owner, offMs)
    return isChanged
  }

  get isClockRight(): boolean {
    return [...this.#wallOffMs.values()].every((off) => off === 0)
  }

  after(us: number, run: () => void): void {
    const dueUs = this.#nowUs + us
    this.#ordered += 1
    let low = 0
    let high = this.#tasks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#tasks[middle]?.dueUs ?? 0) > dueUs) low = middle + 1
      else high = middle
    }
    this.#tasks.splice(low, 0, { dueUs, order: this.#ordered, run })
  }

  /** Everything stands still for so long, and is late afterwards. */
  pause(us: number): void {
    this.#nowUs += us
  }

  /** Runs everything that is due within this time. */
  run(us: number): void {
    const untilUs = this.#nowUs + us
    for (;;) {
      const task = this.#tasks.at(-1)
      if (task === undefined || task.dueUs > untilUs) break
      this.#tasks.pop()
      if (task.dueUs > this.#nowUs) this.#nowUs = task.dueUs
      this.note(task.order)
      task.run()
      drainMicrotasks()
      this.tasksRun += 1
      if (this.tasksRun > tasksMax) throw new Error(`a history of more than ${tasksMax} tasks does not end`)
    }
    this.#nowUs = Math.max(this.#nowUs, untilUs)
  }

  /** Puts into the trace what has happened. */
  note(what: number | string): void {
    const number = typeof what === 'number' ? what : Bun.hash.crc32(what)
    this.#trace = Math.imul(this.#trace ^ number ^ this.#nowUs, 0x01000193) >>> 0
  }

  get isWatched(): boolean {
    return this.#watch !== undefined
  }

  say(words: string): void {
    this.#watch?.(`${(this.#nowUs / 1_000).toFixed(2).padStart(10)} ms  ${words}`)
  }
}

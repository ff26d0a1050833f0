//! Where log lines go: collected through a turn of the event loop, then written with one call that never waits for a reader.
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'

const retryMs = 10
const exitMsMax = 1000
const waitingBytesMax = 16 * 1024 * 1024

/** Takes lines at once and writes them soon, in order. What a stalled reader leaves no room for is dropped and counted. */
export class Lines {
  readonly #fd: number
  #collected = ''
  #waiting = Buffer.alloc(0)
  #droppedCount = 0
  #isScheduled = false

  constructor(fd: number) {
    this.#fd = unblocked(fd)
    process.once('exit', this.#writeAtExit)
  }

  write(line: string): void {
    if (this.#waiting.length + this.#collected.length > waitingBytesMax) this.#droppedCount += 1
    else this.#collected += line
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#writeSoon)
  }

  /** Resolves when everything that was taken so far is with the operating system, or after a second without a reader. */
  async flush(): Promise<void> {
    const giveUpAt = performance.now() + exitMsMax
    while (!this.#writeNow() && performance.now() < giveUpAt) await Bun.sleep(retryMs)
  }

  /** Writes what is left and gives up its descriptor. */
  close(): void {
    process.off('exit', this.#writeAtExit)
    this.#writeAtExit()
    if (this.#fd > 2) closeSync(this.#fd)
  }

  readonly #writeSoon = () => {
    this.#isScheduled = false
    if (this.#writeNow()) return
    this.#isScheduled = true
    setTimeout(this.#writeSoon, retryMs).unref()
  }

  readonly #writeAtExit = () => {
    const giveUpAt = performance.now() + exitMsMax
    while (!this.#writeNow() && performance.now() < giveUpAt) Bun.sleepSync(retryMs)
  }

  /** True when nothing is left. */
  #writeNow(): boolean {
    while (this.#waiting.length > 0 || this.#takeCollected()) {
      const writtenBytes = tryWrite(this.#fd, this.#waiting)
      if (writtenBytes === 0) return false
      this.#waiting = this.#waiting.subarray(writtenBytes)
    }
    return true
  }

  #takeCollected(): boolean {
    if (this.#droppedCount > 0) this.#collected += droppedLine(this.#droppedCount)
    this.#droppedCount = 0
    this.#waiting = Buffer.from(this.#collected)
    this.#collected = ''
    return this.#waiting.length > 0
  }
}

function droppedLine(count: number): string {
  return `${JSON.stringify({ level: 'warn', time: new Date(), lines_dropped: count, msg: 'the log was not read' })}\n`
}

/** How much was written: nothing where the reader must catch up first, everything where there is no reader any more. */
function tryWrite(fd: number, bytes: Buffer): number {
  try {
    return writeSync(fd, bytes)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EAGAIN' || code === 'EINTR') return 0
    if (code === 'EPIPE') return bytes.length
    throw error
  }
}

/**
 * A pipe opened once more is ours alone to make non-blocking: the flag on the descriptor that we were given would be
 * shared with whoever else writes to it. Files never block, and what cannot be opened again is used as it is.
 */
function unblocked(fd: number): number {
  if (process.platform !== 'linux' || !fstatSync(fd).isFIFO()) return fd
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EACCES' || code === 'ENXIO' || code === 'ENOENT') return fd
    throw error
  }
}

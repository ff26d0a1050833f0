//! What the terminal shows: every process's lines with its name before them, and what the runner says itself.

export type Output = {
  /** Takes lines of one process. */
  lines(name: string): (line: string) => void
  /** A sentence of the runner's own. */
  say(text: string): void
  /** As it is, without a name. */
  write(text: string): void
  /** Resolves when everything has left the process; a reader that does not read is not waited for longer than a second. */
  flush(): Promise<void>
}

const colours = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94]
const self = 'kiosk'

/** A reader that has stopped reading must not make us grow: past this, lines are dropped and counted. */
const pendingBytesMax = 8 * 1024 * 1024

/** Output to `stream`, for processes of these names. */
export function createOutput(
  stream: NodeJS.WriteStream,
  names: readonly string[],
  env: Record<string, string | undefined>,
): Output {
  const inColour = stream.isTTY && !env.NO_COLOR
  const width = Math.max(self.length, ...names.map((name) => name.length))
  const prefixOf = (name: string, colour: number) => {
    const label = `${name.padEnd(width)} | `
    return inColour ? `\x1b[${colour}m${label}\x1b[0m` : label
  }
  const ownPrefix = prefixOf(self, 1)

  let gone = false
  let pendingBytes = 0
  let linesDropped = 0
  let onWritten = () => {}
  // The terminal or the pipe behind us may close; the shop goes on without a reader.
  stream.on('error', () => {
    gone = true
  })

  const write = (text: string) => {
    if (gone) return
    if (pendingBytes > pendingBytesMax) {
      linesDropped++
      return
    }
    const whole =
      linesDropped === 0
        ? text
        : `${ownPrefix}${linesDropped} lines were dropped, because nobody read them\n${text}`
    linesDropped = 0
    pendingBytes += whole.length
    stream.write(whole, () => {
      pendingBytes -= whole.length
      if (pendingBytes === 0) onWritten()
    })
  }

  return {
    write,
    lines(name) {
      const prefix = prefixOf(name, colours[names.indexOf(name) % colours.length] ?? 0)
      return (line) => write(`${prefix}${line}\n`)
    },
    say: (text) => write(`${text.trimEnd().replaceAll(/^/gm, ownPrefix)}\n`),
    async flush() {
      if (gone || pendingBytes === 0) return
      const written = new Promise<void>((resolve) => {
        onWritten = resolve
      })
      await Promise.race([written, Bun.sleep(1_000)])
    },
  }
}

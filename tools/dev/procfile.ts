//! The Procfile: one line a process, `name: command`.

export type ProcfileLine = { readonly name: string; readonly command: readonly string[] }

/** Reads the lines; a command that starts with `bun` gets the Bun that runs us, because PATH need not have one. */
export function parseProcfile(text: string): readonly ProcfileLine[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  return lines.map((line) => {
    const [, name, words] = /^([a-z][a-z0-9-]*):\s*(\S.*)$/.exec(line) ?? []
    if (name === undefined || words === undefined) throw new Error(`Procfile: not "name: command": ${line}`)
    const command = words.trim().split(/\s+/)
    return { name, command: command[0] === 'bun' ? [process.execPath, ...command.slice(1)] : command }
  })
}

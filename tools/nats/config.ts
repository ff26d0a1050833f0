//! The configuration that nats-server is started with: nats.conf with this start's port and store folder filled in.

export type NatsSettings = {
  readonly port: number
  readonly storeDir: string
  /** The version of the server that will read it, for example `2.9.10`. */
  readonly version: string
}

/** The text of nats.conf with port, store folder and, from 2.10 on, `sync_interval: always`. */
export function effectiveConfig(text: string, settings: NatsSettings): string {
  let config = replaceLine(text, /^port:.*$/m, `port: ${settings.port}`)
  config = replaceLine(config, /^ {2}store_dir:.*$/m, `  store_dir: ${JSON.stringify(settings.storeDir)}`)
  if (knowsSyncInterval(settings.version)) {
    config = replaceLine(config, /^ {2}# sync_interval: always$/m, '  sync_interval: always')
  }
  return config
}

/** 2.9 refuses to start with a setting that it does not know. */
export function knowsSyncInterval(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 2 || (major === 2 && minor >= 10)
}

// A line that is not found would start a server on somebody else's port or store, without a word.
function replaceLine(text: string, line: RegExp, replacement: string): string {
  if (!line.test(text)) throw new Error(`nats.conf has no line ${line}`)
  return text.replace(line, () => replacement)
}

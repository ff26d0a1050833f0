//! The services' ports: their defaults and the settings that move them.
import type { Env } from './options.ts'

type Ports = { readonly http: number; readonly grpc?: number }

const defaults: Record<string, Ports> = {
  gateway: { http: 8080 },
  loms: { http: 8081, grpc: 9081 },
  cart: { http: 8082, grpc: 9082 },
  catalog: { http: 8083, grpc: 9083 },
  accounts: { http: 8084 },
  billing: { http: 8085 },
  delivery: { http: 8086 },
  notifier: { http: 8087 },
}

export type ServiceAddress = {
  readonly name: string
  /** Where it listens; what reaches it from this machine. */
  readonly host: string
  readonly httpPort: number
  readonly grpcPort?: number
}

/** `LOMS_HTTP_PORT` for `loms`, `HTTP_PORT`. */
export const settingName = (service: string, setting: string) =>
  `${service.toUpperCase().replaceAll('-', '_')}_${setting}`

/** Where a service will listen, by its settings or its defaults. */
export function addressOf(name: string, env: Env): ServiceAddress {
  const ports = defaults[name]
  if (!ports) throw new Error(`Procfile: "${name}" has no ports; give it some in tools/dev/services.ts.`)
  const httpPort = portSetting(env, settingName(name, 'HTTP_PORT'), ports.http)
  const host = env[settingName(name, 'HOST')] ?? ''
  const address = { name, host: ['', '0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host, httpPort }
  return ports.grpc === undefined
    ? address
    : { ...address, grpcPort: portSetting(env, settingName(name, 'GRPC_PORT'), ports.grpc) }
}

/** The address as the settings that the service itself reads, so that it and we never differ. */
export function settingsOf(address: ServiceAddress): Record<string, string> {
  const settings = { [settingName(address.name, 'HTTP_PORT')]: String(address.httpPort) }
  if (address.grpcPort !== undefined)
    settings[settingName(address.name, 'GRPC_PORT')] = String(address.grpcPort)
  return settings
}

/** A port from the environment; 0 is refused, because nobody would know where to look. */
export function portSetting(env: Env, name: string, fallback: number): number {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`${name} is "${text}"; a port is a number from 1 to 65535.`)
  return port
}

//! What test and service say to one another about fault points: lines of JSON on a socket.

/** What happens at a point: the line throws, or the process is gone. */
export type Kind = 'error' | 'kill'

/** The nth time that a service passes a point, counted from when the fault is armed or the process has started. */
export type Fault = {
  readonly service: string
  /** As the service names it, e.g. `pay-order write: statement`. */
  readonly point: string
  readonly nth: number
  readonly kind: Kind
}

/** Test to service: counting begins anew, and these faults wait. Answered with a `Report` about the time before. */
export type Arm = { readonly faults: readonly Fault[] }

/** How often each point was passed. */
export type Report = { readonly service: string; readonly passed: Readonly<Record<string, number>> }

/** Service to test, as its first word: it runs nothing of its own before it is answered with an `Arm`. */
export type Hello = { readonly hello: string }

/** Service to test, at once: an error was thrown. Who is killed says nothing. */
export type Fired = { readonly fired: Fault }

export type Words = Hello | Report | Fired

/** Where the service finds the test. */
export const socketSetting = 'NTH_FAULT_SOCKET'

export const describeFault = ({ service, point, nth, kind }: Fault): string =>
  `${kind} at ${service} ${point} ${nth}`

/** Cuts what a socket brings into its lines. */
export function lineReader(onLine: (line: string) => void): (data: Uint8Array) => void {
  const decoder = new TextDecoder()
  let rest = ''
  return (data) => {
    const lines = (rest + decoder.decode(data, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  }
}

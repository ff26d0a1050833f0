//! The body of a service's answer on its way through: a small one whole, a large one as it comes.

export type PassedBody =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array | null }
  | { readonly kind: 'stream'; readonly stream: ReadableStream<Uint8Array> }

// What is held whole can still be answered as a failure when its sender dies on the way.
const wholeBytesMax = 256 * 1024

export async function contentOf(response: Response): Promise<PassedBody> {
  if (response.body === null) return { kind: 'whole', bytes: null }
  const length = response.headers.get('content-length')
  if (length !== null && Number(length) <= wholeBytesMax)
    return { kind: 'whole', bytes: await response.bytes() }
  return { kind: 'stream', stream: response.body }
}

/**
 * Hands on what comes at the pace at which it is taken. When the sender dies, the taker is cut off: no end that looks like
 * one. After `enough` there is one: we had no more of it. `onEnd` is told once, with what went wrong if something did.
 */
export function handedOn(
  stream: ReadableStream<Uint8Array>,
  onEnd: (error?: unknown) => void,
  enough?: AbortSignal,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (!done) return controller.enqueue(value)
        onEnd()
        controller.close()
      } catch (error) {
        onEnd(error)
        if (enough?.aborted === true) controller.close()
        else controller.error(error)
      }
    },
    async cancel(reason) {
      onEnd()
      await reader.cancel(reason)
    },
  })
}

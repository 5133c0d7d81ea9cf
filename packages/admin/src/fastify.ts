import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Admin } from './admin.ts'
import { nodeHandler } from './node.ts'

/** The calls of a Fastify instance that the plugin uses. */
interface FastifyLike {
  all(path: string, handler: (request: { readonly raw: IncomingMessage }, reply: ReplyLike) => void): unknown
  removeAllContentTypeParsers(): unknown
  addContentTypeParser(
    type: string,
    parser: (request: unknown, body: unknown, done: (error: null) => void) => void,
  ): unknown
}

interface ReplyLike {
  readonly raw: ServerResponse
  hijack(): unknown
}

/** Returns a Fastify plugin that serves the page at its `path`. Register it without a prefix. */
export function fastifyAdmin(admin: Admin): (fastify: FastifyLike) => Promise<void> {
  return async (fastify) => {
    const handle = nodeHandler(admin)
    // the page reads bodies itself; a plugin's parsers do not affect the routes outside it
    fastify.removeAllContentTypeParsers()
    fastify.addContentTypeParser('*', (_request, _body, done) => done(null))
    for (const path of [admin.path, `${admin.path}/*`]) {
      fastify.all(path, (request, reply) => {
        reply.hijack()
        handle(request.raw, reply.raw)
      })
    }
  }
}

// Somebody who listens to webhooks: a server on 127.0.0.1 that keeps what it was told.
import { createServer } from 'node:http'

const PATIENCE = 60_000

// Asks again and again until there is an answer.
export async function until(ask, what) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
    const answer = await ask()
    if (answer) return answer
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`waited in vain for ${what}`)
}

export class Listener {
  calls = []
  status = 200 // what it answers

  static async open() {
    const listener = new Listener()
    const server = createServer((request, response) => {
      const parts = []
      request.on('data', (part) => parts.push(part))
      request.on('end', () => {
        const body = Buffer.concat(parts).toString()
        listener.calls.push({ body, headers: request.headers, id: JSON.parse(body).data.id, status: listener.status })
        response.writeHead(listener.status).end()
      })
    })
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    listener.url = `http://127.0.0.1:${server.address().port}/calls`
    return listener
  }

  // The calls about a resource, as soon as there are so many.
  async heard(id, count = 1) {
    const about = () => this.calls.filter((call) => call.id === id)
    await until(() => about().length >= count, `${count} calls about ${id}`)
    return about()
  }
}

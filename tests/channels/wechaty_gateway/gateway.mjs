// A Wechaty gateway whose WeChat is a mock: commands come in on stdin, one JSON object a line, and are answered on
// stdout; what is said through the gateway is told there too. Usage: node gateway.mjs <port> <token> [cert key]
import { readFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { PuppetServer } from 'wechaty-puppet-service'
import { PuppetMock, mock } from 'wechaty-puppet-mock'

const require = createRequire(import.meta.url)
const grpc = createRequire(require.resolve('wechaty-grpc'))('@grpc/grpc-js')
let calls = 0 // of every client, all told
const addService = grpc.Server.prototype.addService
grpc.Server.prototype.addService = function (service, handlers) {
  const counted = Object.entries(handlers).map(([name, handle]) => [name, (...values) => { calls++; return handle(...values) }])
  return addService.call(this, service, Object.fromEntries(counted))
}

const [port, token, cert, key] = process.argv.slice(2)
const tell = told => process.stdout.write(JSON.stringify(told) + '\n')
const members = new Map() // "room!contact" → { roomAlias, inviterId }
let slowest = 0 // milliseconds a payload may take
let numbers = 0
const run = Date.now().toString(36) // ids never repeat, over restarts neither
let bot

class Puppet extends PuppetMock {

  said (what) {
    const id = `said${run}${++numbers}`
    tell({ said: { ...what, id } })
    return id
  }

  async messageSendText (conversation, text, mentions) {
    await super.messageSendText(conversation, text) // which echoes it, as WeChat does
    return this.said({ kind: 'text', conversation, text, mentions })
  }

  async messageSendUrl (conversation, link) {
    return this.said({ kind: 'card', conversation, link })
  }

  async messageSendMiniProgram (conversation, card) {
    return this.said({ kind: 'mini', conversation, card })
  }

  async messageSendFile (conversation, box) {
    const what = { kind: 'file', conversation, name: box.name, box: box.type }
    if (box.type === 2) {
      return this.said({ ...what, url: box.remoteUrl ?? box.toJSON().url })
    }
    const data = await box.toBuffer()
    return this.said({ ...what, size: data.length, sha256: createHash('sha256').update(data).digest('hex') })
  }

  async messageRawPayload (id) {
    if (slowest) {
      await new Promise(resolve => setTimeout(resolve, Math.random() * slowest))
    }
    return super.messageRawPayload(id)
  }

  async roomMemberRawPayload (room, contact) {
    return { ...await super.roomMemberRawPayload(room, contact), ...members.get(`${room}!${contact}`) }
  }

}

const mocker = new mock.Mocker()
mocker.use(() => {
  if (bot) {
    mocker.login(mocker.ContactMock.load(bot))
  }
  return () => {}
})
const puppet = new Puppet({ mocker })
const contact = id => mocker.ContactMock.load(id)
const room = id => mocker.RoomMock.load(id)

function say (payload) {
  const id = payload.id ?? `m${run}${++numbers}`
  const whole = { timestamp: Date.now(), type: 7, ...payload, id }
  mocker.MessageMock.create(whole)
  puppet.emit('message', { messageId: id })
  return id
}

const commands = {
  contact: ({ id, name, type = 1 }) => { mocker.createContact({ id, name, type }) },
  room: ({ id, topic, members: memberIdList }) => { mocker.createRoom({ id, topic, memberIdList, adminIdList: [] }) },
  member: ({ room, contact, alias, inviter }) => members.set(`${room}!${contact}`, { roomAlias: alias, inviterId: inviter }),
  bot: ({ id }) => { bot = id },
  login: ({ id }) => mocker.login(contact(id)),
  logout: () => puppet.logout('the test'),
  scan: ({ code, status }) => mocker.scan(code, status),
  message: ({ payload }) => say(payload),
  join: ({ id, who, by }) => room(id).add(...who.map(contact)).by(contact(by)),
  leave: ({ id, who, by }) => room(id).remove(...who.map(contact)).by(contact(by)),
  topic: ({ id, topic, by }) => room(id).topic(topic).by(contact(by)),
  slip: ({ id, who }) => { room(id).payload.memberIdList.push(...who) }, // somebody is there whom no event told of
  vanish: ({ id, who }) => { room(id).payload.memberIdList = room(id).payload.memberIdList.filter(one => !who.includes(one)) },
  emit: ({ event, payload }) => puppet.emit(event, payload),
  file: ({ id, name, base64 }) => mocker.cacheFileBoxPayload.set(id, { type: 1, name, base64 }),
  calls: () => String(calls),
  slow: ({ milliseconds }) => { slowest = milliseconds },
  burst: ({ rooms, talkers, count }) => {
    for (let number = 0; number < count; number++) {
      say({ talkerId: talkers[number % talkers.length], roomId: rooms[number % rooms.length], text: `第${number}条`, mentionIdList: [] })
    }
  },
}

const server = new PuppetServer({
  endpoint: `127.0.0.1:${port}`,
  puppet,
  token,
  tls: cert ? { serverCert: readFileSync(cert, 'utf8'), serverKey: readFileSync(key, 'utf8') } : { disable: true },
})

for await (const line of createInterface({ input: process.stdin })) {
  const { number, command, ...values } = JSON.parse(line)
  try {
    const result = command === 'serve' ? await server.start() : await commands[command](values)
    tell({ number, result: typeof result === 'string' ? result : null })
  } catch (error) {
    tell({ number, error: String(error) })
  }
}
process.exit(0)

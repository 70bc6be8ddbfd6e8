"""Handles executions as they arrive: pip install google-cloud-pubsub, then python pull.py PROJECT SUBSCRIPTION"""
import json, sys
from google.cloud import pubsub_v1

def handle(message):
    execution = json.loads(message.data)
    print(message.attributes["ce-id"], execution["createdat"], execution["row_count"], flush=True)
    message.ack()  # without it, or after an error, the event comes again

subscriber = pubsub_v1.SubscriberClient()
subscriber.subscribe(subscriber.subscription_path(*sys.argv[1:3]), callback=handle).result()

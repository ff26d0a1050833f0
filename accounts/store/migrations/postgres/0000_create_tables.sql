CREATE TABLE "idempotency_keys" (
	"tenant_id" text NOT NULL,
	"scope" text NOT NULL,
	"key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"request_id" text NOT NULL,
	"answer" text,
	"created_at" bigint NOT NULL,
	CONSTRAINT "idempotency_keys_tenant_id_scope_key_pk" PRIMARY KEY("tenant_id","scope","key")
);
--> statement-breakpoint
CREATE TABLE "identities" (
	"tenant_id" text NOT NULL,
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"user_id" bigint NOT NULL,
	"created_at" bigint NOT NULL,
	CONSTRAINT "identities_tenant_id_issuer_subject_pk" PRIMARY KEY("tenant_id","issuer","subject")
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"name" text NOT NULL,
	"holder" text NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "leases_name_pk" PRIMARY KEY("name")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"position" bigserial PRIMARY KEY NOT NULL,
	"id" text NOT NULL,
	"type" text NOT NULL,
	"key" text NOT NULL,
	"tenant_id" text NOT NULL,
	"moment" bigint NOT NULL,
	"traceparent" text,
	"data" text NOT NULL,
	"sent_at" bigint,
	"stream_sequence" bigint,
	CONSTRAINT "sent_has_a_sequence" CHECK ("outbox"."sent_at" is null or "outbox"."stream_sequence" is not null)
);
--> statement-breakpoint
CREATE TABLE "refresh_tokens" (
	"hash" text NOT NULL,
	"tenant_id" text NOT NULL,
	"session_id" text NOT NULL,
	"generation" bigint NOT NULL,
	"salt" text NOT NULL,
	"used_at" bigint,
	"replayed" boolean NOT NULL,
	CONSTRAINT "refresh_tokens_hash_pk" PRIMARY KEY("hash")
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"tenant_id" text NOT NULL,
	"id" text NOT NULL,
	"user_id" bigint NOT NULL,
	"cookie_hash" text NOT NULL,
	"generation" bigint NOT NULL,
	"address_range" text NOT NULL,
	"created_at" bigint NOT NULL,
	"refreshed_at" bigint NOT NULL,
	"expires_at" bigint NOT NULL,
	"ended_at" bigint,
	"end_reason" text,
	CONSTRAINT "sessions_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "generation_not_negative" CHECK ("sessions"."generation" >= 0),
	CONSTRAINT "end_has_reason" CHECK (("sessions"."ended_at" is null) = ("sessions"."end_reason" is null)),
	CONSTRAINT "end_reason_is_known" CHECK ("sessions"."end_reason" in ('logout', 'replaced', 'owner', 'password', 'refresh_reused'))
);
--> statement-breakpoint
CREATE TABLE "sign_ins" (
	"state_hash" text NOT NULL,
	"browser_hash" text NOT NULL,
	"tenant_id" text NOT NULL,
	"provider" text NOT NULL,
	"expires_at" bigint NOT NULL,
	CONSTRAINT "sign_ins_state_hash_pk" PRIMARY KEY("state_hash")
);
--> statement-breakpoint
CREATE TABLE "signing_keys" (
	"number" bigint NOT NULL,
	"kid" text NOT NULL,
	"public_key" text NOT NULL,
	"private_key" text NOT NULL,
	"signs_from" bigint NOT NULL,
	"signs_until" bigint NOT NULL,
	CONSTRAINT "signing_keys_number_pk" PRIMARY KEY("number"),
	CONSTRAINT "signs_for_a_while" CHECK ("signing_keys"."signs_until" > "signing_keys"."signs_from")
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"login" text NOT NULL,
	"login_key" text NOT NULL,
	"role" text NOT NULL,
	"name" text,
	"email" text,
	"email_key" text,
	"email_verified" boolean NOT NULL,
	"phone" text,
	"password_hash" text,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL,
	CONSTRAINT "role_is_known" CHECK ("users"."role" in ('customer', 'admin', 'courier')),
	CONSTRAINT "login_is_bounded" CHECK (length("users"."login") between 1 and 128),
	CONSTRAINT "verified_email_is_said" CHECK (not "users"."email_verified" or "users"."email_key" is not null),
	CONSTRAINT "email_has_its_key" CHECK (("users"."email" is null) = ("users"."email_key" is null)),
	CONSTRAINT "password_is_argon2id" CHECK (substr("users"."password_hash", 1, 10) = '$argon2id$')
);
--> statement-breakpoint
ALTER TABLE "identities" ADD CONSTRAINT "identities_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refresh_tokens" ADD CONSTRAINT "refresh_tokens_tenant_id_session_id_sessions_tenant_id_id_fk" FOREIGN KEY ("tenant_id","session_id") REFERENCES "public"."sessions"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_age" ON "idempotency_keys" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_by_id" ON "outbox" USING btree ("id");--> statement-breakpoint
CREATE INDEX "outbox_by_stream_sequence" ON "outbox" USING btree ("stream_sequence","position");--> statement-breakpoint
CREATE INDEX "outbox_to_repair" ON "outbox" USING btree ("stream_sequence","position") WHERE sent_at is null and stream_sequence is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "refresh_tokens_by_session" ON "refresh_tokens" USING btree ("tenant_id","session_id","generation");--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_by_cookie" ON "sessions" USING btree ("cookie_hash");--> statement-breakpoint
CREATE INDEX "sessions_by_user" ON "sessions" USING btree ("tenant_id","user_id","created_at");--> statement-breakpoint
CREATE INDEX "sessions_by_expiry" ON "sessions" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "sign_ins_by_expiry" ON "sign_ins" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "signing_keys_by_kid" ON "signing_keys" USING btree ("kid");--> statement-breakpoint
CREATE UNIQUE INDEX "users_by_login" ON "users" USING btree ("tenant_id","login_key");--> statement-breakpoint
CREATE UNIQUE INDEX "users_by_verified_email" ON "users" USING btree ("tenant_id","email_key") WHERE email_verified;
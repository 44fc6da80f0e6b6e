import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# What the commands set for a few runs; it compiles in three quarters of the time.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false")
